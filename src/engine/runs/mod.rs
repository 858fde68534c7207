//! What the engine knows of runs: which calls hold which ends of which channels.
//!
//! Nothing is asked of anybody. A call whose payload carries the ref of an end is a *node*, the
//! channel an *edge*, and what hangs together a *run*; a pipeline that names the edges it makes
//! (`wire::EdgeLabel`) gives names to nodes that are no calls. What passes through a channel never
//! comes here: an edge is told of when it is made and when it is over, and how full it is is
//! looked up by whoever asks.
//!
//! Everything is bounded: open runs by the channels there are, the parts of one run, finished
//! runs and errors each by a number of their own.

mod ending;
mod fault;
mod faults;
mod found;
mod listed;
mod named;
mod redact;
mod run;
mod state;
mod store;
mod table;

pub(super) use ending::Ending;
pub(super) use listed::RunsListing;
pub(super) use store::Runs;
pub(super) use table::NewCall;
