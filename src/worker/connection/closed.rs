use super::super::Rejection;

/// Why a worker has no connection and will not reconnect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Closed {
    /// [`Worker::shutdown`](crate::Worker::shutdown) was called.
    #[error("the worker was shut down")]
    ShutDown {
        /// Number of functions that were stopped at the deadline.
        unfinished: usize,
    },
    /// Every handle was dropped, and no function was registered.
    #[error("the last handle of the worker was dropped")]
    Unused,
    /// The connection was lost and could not be re-established.
    #[error("the connection to the engine was given up after {attempts} attempts: {reason}")]
    GaveUp {
        /// Number of failed attempts to reconnect.
        attempts: u32,
        /// The last error.
        reason: String,
    },
    /// The engine rejected this worker.
    #[error("the engine does not accept the worker: {0}")]
    Rejected(Rejection),
    /// The worker's runtime has ended.
    #[error("the runtime that the worker ran on has ended")]
    Aborted,
}

impl Closed {
    /// Whether the worker was closed from this side.
    pub fn is_shut_down(&self) -> bool {
        matches!(self, Self::ShutDown { .. } | Self::Unused)
    }
}
