use serde::{Deserialize, Serialize};

use super::ErrorBody;
use crate::wire::Payload;

/// The member of a payload that identifies the caller to the executing worker (`docs/protocol.md`
/// section 2.2).
pub(crate) const CALLER: &str = "_caller_worker_id";

/// Values of [`InvokeFunction::action`].
pub(crate) mod action {
    use serde::{Deserialize, Serialize};

    /// How to carry out a call. If absent, the call is an ordinary one with a reply.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(tag = "type", rename_all = "lowercase")]
    pub(crate) enum Action {
        /// Fire and forget.
        Void,
        /// Put the call into a queue of the engine. The embedded engine has no queues.
        Enqueue {
            #[serde(default)]
            queue: Option<String>,
        },
        /// An action that this version does not know.
        #[serde(other)]
        Unknown,
    }
}

/// A call, in both directions (`docs/protocol.md` section 2.2).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InvokeFunction {
    /// A UUID; absent if no reply is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) invocation_id: Option<String>,
    pub(crate) function_id: String,
    #[serde(default)]
    pub(crate) data: Payload,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<action::Action>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    /// Additional data, forwarded unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Payload>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) traceparent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) baggage: Option<String>,
    /// How long the caller still waits for the result. Only pipewright peers send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timeout_ms: Option<u64>,
}

/// The answer to a call, in both directions (`docs/protocol.md` section 2.3).
///
/// With an `error` it is a failure. With neither `error` nor `result` it is a success with `null`.
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
    /// Converts the answer to a `Result`; its inverse is [`answer`](Self::answer).
    pub(crate) fn into_outcome(self) -> Result<Payload, ErrorBody> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.result.unwrap_or_default()),
        }
    }

    /// Creates a failure for a call of which only the id is known.
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

    /// Creates the answer to `call`, if `call` expects one.
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
