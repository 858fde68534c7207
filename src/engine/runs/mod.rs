//! Runs as the engine sees them: which calls hold which channel ends.
//!
//! They are derived from observed calls. A call whose payload carries the ref of an end is a
//! *node*, a channel is an *edge*, and connected nodes form a *run*. A pipeline can label its edges
//! (`wire::EdgeLabel`), which also names nodes that are not calls. Channel data never passes
//! through here: an edge is recorded when it is created and when it ends, and its fill level is
//! looked up on request.
//!
//! Everything is bounded: open runs by the number of channels; the parts of a run, finished runs
//! and errors by limits of their own.

mod ending;
mod fault;
mod faults;
mod listed;
mod named;
mod payload_refs;
mod redact;
mod run;
mod state;
mod store;
mod table;

pub(super) use ending::Ending;
pub(super) use listed::RunsListing;
pub(super) use store::Runs;
pub(super) use table::NewCall;
