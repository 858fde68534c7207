use std::fmt;

use serde::{Deserialize, Serialize};

/// The error of a function call on the wire: `{"code", "message", "stacktrace"?}`
/// (`docs/protocol.md` section 2.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorBody {
    /// A stable code for programs, such as `function_not_found` or `invocation_failed`.
    pub code: String,
    /// A description for people.
    #[serde(default)]
    pub message: String,
    /// The stack trace, if the worker sent one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stacktrace: Option<String>,
}

impl ErrorBody {
    /// No worker has the function.
    pub const FUNCTION_NOT_FOUND: &'static str = "function_not_found";
    /// The caller's token may not trigger the function.
    pub const FORBIDDEN: &'static str = "FORBIDDEN";
    /// The function returned an error or panicked.
    pub const INVOCATION_FAILED: &'static str = "invocation_failed";
    /// The worker that ran or made the call disconnected before there was a result.
    pub const INVOCATION_STOPPED: &'static str = "invocation_stopped";
    /// The worker is already running its maximum number of calls.
    pub const TOO_MANY_CALLS: &'static str = "too_many_calls";
    /// The payload does not have the type that the function expects.
    pub const DESERIALIZATION_ERROR: &'static str = "deserialization_error";
    /// A message is longer than its receiver accepts.
    pub const PAYLOAD_TOO_LARGE: &'static str = "payload_too_large";
    /// A worker does not read its messages fast enough.
    pub const OVERLOADED: &'static str = "overloaded";
    /// The result cannot be serialised as JSON.
    pub const SERIALIZATION_ERROR: &'static str = "serialization_error";

    /// Creates an error without a stack trace.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            stacktrace: None,
        }
    }
}

impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}
