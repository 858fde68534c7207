use super::super::Rejection;
use crate::transport::TransportError;

/// How a session ended.
#[derive(Debug)]
pub(in crate::worker) enum Ended {
    /// The connection was lost. `kept` states whether its calls may continue on the next one: not if
    /// the engine closed it, or gave no sign of life for too long.
    Lost { reason: String, kept: bool },
    /// The engine rejected this worker.
    Rejected(Box<Rejection>),
    /// The worker is shutting down, and has nothing left to do or no time left.
    Drained,
}

impl From<TransportError> for Ended {
    fn from(error: TransportError) -> Self {
        Self::Lost {
            reason: error.to_string(),
            kept: true,
        }
    }
}
