use super::super::Rejection;
use crate::transport::TransportError;

/// How a session ended.
#[derive(Debug)]
pub(in crate::worker) enum Ended {
    /// The connection was lost.
    Lost(String),
    /// The engine rejected this worker.
    Rejected(Box<Rejection>),
    /// The worker is shutting down, and has nothing left to do or no time left.
    Drained,
}

impl From<TransportError> for Ended {
    fn from(error: TransportError) -> Self {
        Self::Lost(error.to_string())
    }
}
