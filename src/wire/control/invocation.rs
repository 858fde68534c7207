use serde::{Deserialize, Serialize};

use super::ErrorBody;
use crate::wire::Payload;

/// The member of a payload by which an executor sees who called (`docs/protocol.md` section 2.2).
pub(crate) const CALLER: &str = "_caller_worker_id";

/// Words of [`InvokeFunction::action`].
pub(crate) mod action {
    use serde::{Deserialize, Serialize};

    /// How a call is to be carried out; absent means an ordinary call with a reply.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(tag = "type", rename_all = "lowercase")]
    pub(crate) enum Action {
        /// Fire and forget.
        Void,
        /// Put into a queue of the engine; the embedded engine has none.
        Enqueue {
            #[serde(default)]
            queue: Option<String>,
        },
        /// A kind that this version does not know.
        #[serde(other)]
        Unknown,
    }
}

/// A call, in both directions (`docs/protocol.md` section 2.2).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InvokeFunction {
    /// A UUID; absent when no reply is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) invocation_id: Option<String>,
    pub(crate) function_id: String,
    #[serde(default)]
    pub(crate) data: Payload,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<action::Action>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    /// A side-car forwarded verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Payload>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) traceparent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) baggage: Option<String>,
    /// How long the caller waits for the result, from now; between pipewright's own only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timeout_ms: Option<u64>,
}

/// The answer to a call, in both directions (`docs/protocol.md` section 2.3).
///
/// An `error` makes it a failure; neither `error` nor `result` is success with `null`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InvocationResult {
    pub(crate) invocation_id: String,
    pub(crate) function_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<Payload>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<ErrorBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) traceparent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) baggage: Option<String>,
}

impl InvocationResult {
    /// The outcome as a `Result`; its inverse is [`answer`](Self::answer).
    pub(crate) fn into_outcome(self) -> Result<Payload, ErrorBody> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.result.unwrap_or_default()),
        }
    }

    /// The answer to a call of which only the id is known.
    pub(crate) fn failed(invocation_id: String, error: ErrorBody) -> Self {
        Self {
            invocation_id,
            function_id: String::new(),
            result: None,
            error: Some(error),
            traceparent: None,
            baggage: None,
        }
    }

    /// The answer to `call`, if `call` wants one.
    pub(crate) fn answer(
        call: &InvokeFunction,
        outcome: Result<Payload, ErrorBody>,
    ) -> Option<Self> {
        let (result, error) = match outcome {
            Ok(result) => (Some(result), None),
            Err(error) => (None, Some(error)),
        };
        Some(Self {
            invocation_id: call.invocation_id.clone()?,
            function_id: call.function_id.clone(),
            result,
            error,
            traceparent: call.traceparent.clone(),
            baggage: call.baggage.clone(),
        })
    }
}
