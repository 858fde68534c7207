//! The transport within a process: frames handed over by a bounded queue, nothing copied.
//!
//! [`pipe`] is the queue itself. The engine keeps one a channel, whoever the ends belong to;
//! [`Memory`] makes a [`Transport`](super::Transport) of pipe ends.

mod connection;
mod held_back;
#[cfg(all(test, shuttle))]
mod models;
mod pipe;

pub(crate) use connection::Memory;
#[cfg(feature = "engine")]
pub(crate) use pipe::accounted_pipe;
pub(crate) use pipe::{PipeLimits, PipeMonitor, PipeReader, PipeWriter, Popped, pipe};
