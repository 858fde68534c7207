//! The in-process transport: frames pass through a bounded queue without being copied.
//!
//! [`pipe`] is the queue. The engine keeps one for each channel, wherever its ends are. [`Memory`]
//! implements [`Transport`](super::Transport) on pipe ends.

mod backpressure_timer;
mod connection;
#[cfg(all(test, shuttle))]
mod models;
mod pipe;

pub(crate) use connection::Memory;
#[cfg(feature = "engine")]
pub(crate) use pipe::accounted_pipe;
pub(crate) use pipe::{PipeLimits, PipeMonitor, PipeReader, PipeWriter, Popped, pipe};
