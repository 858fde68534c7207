use super::Rejection;

/// Why a worker no longer has a connection and will not get one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Closed {
    /// [`Worker::shutdown`](crate::Worker::shutdown) was called.
    #[error("the worker was shut down")]
    ShutDown {
        /// Functions that were still running at the deadline and were stopped.
        unfinished: usize,
    },
    /// Every handle was dropped, and no function was registered.
    #[error("the last handle of the worker was dropped")]
    Unused,
    /// The connection was lost and could not be made again.
    #[error("the connection to the engine was given up after {attempts} attempts: {reason}")]
    GaveUp {
        /// Attempts to reconnect that failed.
        attempts: u32,
        /// What went wrong last.
        reason: String,
    },
    /// The engine does not want this worker.
    #[error("the engine does not accept the worker: {0}")]
    Rejected(Rejection),
    /// The runtime that the worker ran on has ended.
    #[error("the runtime that the worker ran on has ended")]
    Aborted,
}

impl Closed {
    /// Whether somebody on this side wanted it.
    pub fn is_shut_down(&self) -> bool {
        matches!(self, Self::ShutDown { .. } | Self::Unused)
    }
}
