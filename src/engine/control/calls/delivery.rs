use std::collections::VecDeque;
use std::sync::Arc;

use super::super::Outbox;
use super::super::workers::outbox::NotQueued;
use super::super::workers::registry::WorkerId;
use crate::wire::{ControlMessage, ErrorBody, InvocationResult, Text};

/// A message to be put into an outbox; `None` once it is there.
pub(in crate::engine::control) struct Delivery {
    pub(in crate::engine::control) to: Arc<Outbox>,
    pub(in crate::engine::control) message: Option<Text>,
    pub(in crate::engine::control) otherwise: Fallback,
}

/// The party to notify if a message cannot be delivered.
pub(in crate::engine::control) enum Fallback {
    /// None: the message was a notice, or a call without an answer.
    Nobody,
    /// The caller of the call that was forwarded to `executor`.
    Caller {
        executor: WorkerId,
        invocation_id: String,
    },
    /// The worker for which the message, a result, is meant.
    Receiver {
        invocation_id: String,
        function_id: String,
    },
}

/// Deliveries that a session still has to make. They belong to one message and are few, unless an
/// announcement conflicts with many registered ids.
pub(in crate::engine::control) type Deliveries = VecDeque<Delivery>;

/// Adds a message for `to` to the deliveries.
pub(in crate::engine::control) fn deliver(
    to: Arc<Outbox>,
    message: &ControlMessage,
    otherwise: Fallback,
    out: &mut Deliveries,
) {
    if let Some(message) = encoded(message) {
        out.push_back(Delivery {
            to,
            message: Some(message),
            otherwise,
        });
    }
}

/// A message in its wire form. If it cannot be serialised, this is logged and the message is
/// dropped.
pub(in crate::engine::control) fn encoded(message: &ControlMessage) -> Option<Text> {
    message
        .encode()
        .inspect_err(|error| tracing::error!(%error, "a message has no JSON form"))
        .ok()
}

/// Adds a result for `to` to the deliveries. A result that cannot be delivered becomes an error.
pub(in crate::engine::control) fn deliver_result(
    to: Arc<Outbox>,
    result: InvocationResult,
    out: &mut Deliveries,
) {
    let otherwise = Fallback::Receiver {
        invocation_id: result.invocation_id.clone(),
        function_id: result.function_id.clone(),
    };
    deliver(
        to,
        &ControlMessage::InvocationResult(result),
        otherwise,
        out,
    );
}

/// A result that reports a failure.
pub(in crate::engine::control) fn failure(
    invocation_id: String,
    function_id: String,
    error: ErrorBody,
) -> InvocationResult {
    InvocationResult {
        invocation_id,
        function_id,
        result: None,
        error: Some(error),
        traceparent: None,
        baggage: None,
    }
}

/// Notifies a worker of a failure, even if its outbox is full. If the message is too long for the
/// worker, the error text is omitted first, then the function id.
pub(in crate::engine::control) fn notify(to: &Outbox, failed: InvocationResult) {
    let brief = |function_id: String| {
        let code = failed.error.as_ref().map(|error| error.code.clone());
        let error = ErrorBody::new(code.unwrap_or_default(), "");
        failure(failed.invocation_id.clone(), function_id, error)
    };
    let shorter = [brief(failed.function_id.clone()), brief(String::new())];
    for result in std::iter::once(failed).chain(shorter) {
        let Some(message) = encoded(&ControlMessage::InvocationResult(result)) else {
            return;
        };
        // A caller that has disconnected needs no answer.
        if !matches!(to.push_now(message), Err(NotQueued::TooLong { .. })) {
            return;
        }
    }
}
