use std::time::Duration;

use super::super::Closed;
use crate::wire::ErrorBody;

/// The error of a call without a result.
///
/// `Display` names the function and what to do; `source()` has the details. Payloads and access
/// keys are not shown.
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
        /// The engine's message.
        message: String,
    },
    /// There was no answer in time. The function may still be running.
    #[error(
        "function `{function_id}` gave no answer within {after:?}; if it needs longer, raise the limit with `.timeout(..)`"
    )]
    Timeout {
        /// The function that was called.
        function_id: String,
        /// The timeout.
        after: Duration,
    },
    /// The connection was lost during the call. The function may or may not have run.
    #[error(
        "the connection to the engine was lost during a call of `{function_id}`: {reason}; if the function may run twice, mark the call `.idempotent()`"
    )]
    Disconnected {
        /// The function that was called.
        function_id: String,
        /// How the connection ended.
        reason: String,
    },
    /// The worker that ran the function disconnected before it answered.
    #[error("function `{function_id}` was stopped before it had answered: {message}")]
    Stopped {
        /// The function that was called.
        function_id: String,
        /// The engine's message.
        message: String,
    },
    /// The function failed.
    #[error("function `{function_id}` failed: {error}")]
    Failed {
        /// The function that was called.
        function_id: String,
        /// The error of the function or the engine.
        error: ErrorBody,
    },
    /// The payload or the metadata cannot be represented in JSON; nothing was sent.
    #[error("the payload for function `{function_id}` has no JSON form")]
    Payload {
        /// The function to be called.
        function_id: String,
        /// The error of serde.
        source: serde_json::Error,
    },
    /// The result does not have the type that the caller requested.
    #[error("the result of function `{function_id}` is not a `{expected}`")]
    Result {
        /// The function that was called.
        function_id: String,
        /// The requested type.
        expected: &'static str,
        /// The error of serde.
        source: serde_json::Error,
    },
    /// The payload is too large for a control message; nothing was sent.
    #[error(
        "the call of `{function_id}` takes {size} bytes, over the limit of {limit}; send large data through a channel"
    )]
    TooLarge {
        /// The function to be called.
        function_id: String,
        /// Size of the message in bytes.
        size: usize,
        /// Maximum size of a message in bytes.
        limit: usize,
    },
    /// The worker was shut down.
    #[error("function `{function_id}` cannot be called: the worker was shut down")]
    ShutDown {
        /// The function that was called.
        function_id: String,
    },
    /// The worker has given up reconnecting, or the engine rejected it.
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

    /// The error code of the function or the engine, if one of them reported the failure.
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

    /// Whether the timeout expired.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Whether a connection was lost: that of this worker, or that of the worker that ran the
    /// function. The function may or may not have run.
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected { .. } | Self::Stopped { .. })
    }

    /// Whether the function itself failed.
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    /// Whether this worker is closed permanently, so that no further call can succeed.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::ShutDown { .. } | Self::Closed { .. })
    }

    /// Converts an error received from the engine.
    pub(in crate::worker) fn remote(function_id: &str, error: ErrorBody) -> Self {
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

    pub(in crate::worker) fn closed(function_id: &str, reason: Closed) -> Self {
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
