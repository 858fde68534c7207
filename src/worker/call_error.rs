use std::time::Duration;

use super::Closed;
use crate::wire::ErrorBody;

/// Why a call gave no result.
///
/// `Display` names the function and what to do; `source()` has the rest. Neither payloads nor
/// access keys are shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// No worker has the function.
    #[error(
        "no worker has function `{function_id}`: {message}; check the id and that its worker is connected"
    )]
    FunctionNotFound {
        /// The function that was called.
        function_id: String,
        /// What the engine said.
        message: String,
    },
    /// There was no answer in time. The function may be running still.
    #[error(
        "function `{function_id}` gave no answer within {after:?}; if it needs longer, raise the limit with `.timeout(..)`"
    )]
    Timeout {
        /// The function that was called.
        function_id: String,
        /// How long was waited.
        after: Duration,
    },
    /// The connection was lost while the call was under way; the function may have run or not.
    #[error(
        "the connection to the engine was lost during a call of `{function_id}`: {reason}; if the function may run twice, mark the call `.idempotent()`"
    )]
    Disconnected {
        /// The function that was called.
        function_id: String,
        /// How the connection ended.
        reason: String,
    },
    /// The worker that ran the function disconnected before it had answered.
    #[error("function `{function_id}` was stopped before it had answered: {message}")]
    Stopped {
        /// The function that was called.
        function_id: String,
        /// What the engine said.
        message: String,
    },
    /// The function failed.
    #[error("function `{function_id}` failed: {error}")]
    Failed {
        /// The function that was called.
        function_id: String,
        /// The error as the function, or the engine, gave it.
        error: ErrorBody,
    },
    /// The payload or the metadata has no JSON form; nothing was sent.
    #[error("the payload for function `{function_id}` has no JSON form")]
    Payload {
        /// The function that was to be called.
        function_id: String,
        /// What serde said.
        source: serde_json::Error,
    },
    /// The result is not what the caller asked for.
    #[error("the result of function `{function_id}` is not a `{expected}`")]
    Result {
        /// The function that was called.
        function_id: String,
        /// The type that the result was to be read as.
        expected: &'static str,
        /// What serde said.
        source: serde_json::Error,
    },
    /// The payload is too large for a control message; nothing was sent.
    #[error(
        "the call of `{function_id}` takes {size} bytes, over the limit of {limit}; send large data through a channel"
    )]
    TooLarge {
        /// The function that was to be called.
        function_id: String,
        /// Bytes that the message would have.
        size: usize,
        /// Bytes that a message may have.
        limit: usize,
    },
    /// The worker was shut down.
    #[error("function `{function_id}` cannot be called: the worker was shut down")]
    ShutDown {
        /// The function that was called.
        function_id: String,
    },
    /// The worker has given up its connection, or the engine rejected it.
    #[error("function `{function_id}` cannot be called: {reason}; make a new worker")]
    Closed {
        /// The function that was called.
        function_id: String,
        /// Why there is no connection.
        reason: Box<Closed>,
    },
}

impl CallError {
    /// The function that was called.
    pub fn function_id(&self) -> &str {
        match self {
            Self::FunctionNotFound { function_id, .. }
            | Self::Timeout { function_id, .. }
            | Self::Disconnected { function_id, .. }
            | Self::Stopped { function_id, .. }
            | Self::Failed { function_id, .. }
            | Self::Payload { function_id, .. }
            | Self::Result { function_id, .. }
            | Self::TooLarge { function_id, .. }
            | Self::ShutDown { function_id }
            | Self::Closed { function_id, .. } => function_id,
        }
    }

    /// The word that the function or the engine gave for the failure, if it was they who failed.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::FunctionNotFound { .. } => Some(ErrorBody::FUNCTION_NOT_FOUND),
            Self::Stopped { .. } => Some(ErrorBody::INVOCATION_STOPPED),
            Self::Failed { error, .. } => Some(&error.code),
            _ => None,
        }
    }

    /// Whether no worker has the function.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::FunctionNotFound { .. })
    }

    /// Whether the time was up.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Whether a connection was lost, ours or that of the worker that ran the function. The
    /// function may have run or not.
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected { .. } | Self::Stopped { .. })
    }

    /// Whether the function itself failed.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    /// Whether this worker is closed for good, so that another call cannot succeed.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::ShutDown { .. } | Self::Closed { .. })
    }

    /// Gives an error that came over the wire its meaning.
    pub(super) fn remote(function_id: &str, error: ErrorBody) -> Self {
        let function_id = function_id.to_owned();
        match error.code.as_str() {
            ErrorBody::FUNCTION_NOT_FOUND => Self::FunctionNotFound {
                function_id,
                message: error.message,
            },
            ErrorBody::INVOCATION_STOPPED => Self::Stopped {
                function_id,
                message: error.message,
            },
            _ => Self::Failed { function_id, error },
        }
    }

    pub(super) fn closed(function_id: &str, reason: Closed) -> Self {
        let function_id = function_id.to_owned();
        if reason.is_shut_down() {
            Self::ShutDown { function_id }
        } else {
            Self::Closed {
                function_id,
                reason: Box::new(reason),
            }
        }
    }
}
