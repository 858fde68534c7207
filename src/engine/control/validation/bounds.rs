//! Bounds on the parts of a message that the engine keeps or repeats. Payloads are only forwarded.

use crate::engine::truncate::truncate;
use crate::wire::{ControlMessage, InvokeFunction};

/// Maximum length of a string in an announcement, in bytes.
pub(in crate::engine::control) const LONGEST_NAME: usize = 256;

/// Maximum length of a function id, in bytes. A longer id is truncated and marked, so that it names
/// no function, and a refusal does not repeat all of it.
pub(in crate::engine::control) const LONGEST_ID: usize = 512;

/// Maximum length of an invocation id, in bytes; a UUID has 36. An answer would have to repeat a
/// longer one.
const LONGEST_INVOCATION: usize = 128;

/// Maximum length of `traceparent`, in bytes; version 00 has 55.
const LONGEST_TRACE: usize = 256;

/// Maximum length of `baggage`, in bytes; W3C Baggage requires forwarding 8192.
const LONGEST_BAGGAGE: usize = 8 << 10;

/// Returns the message with its parts within bounds; `None` if a part cannot be truncated.
pub(in crate::engine::control) fn bounded(message: ControlMessage) -> Option<ControlMessage> {
    let fits = match &message {
        ControlMessage::InvokeFunction(call) => call
            .invocation_id
            .as_ref()
            .is_none_or(|id| id.len() <= LONGEST_INVOCATION),
        ControlMessage::InvocationResult(result) => {
            result.invocation_id.len() <= LONGEST_INVOCATION
        }
        ControlMessage::RegisterTrigger(trigger) => {
            [&trigger.id, &trigger.trigger_type, &trigger.function_id]
                .iter()
                .all(|part| part.len() <= LONGEST_ID)
        }
        _ => true,
    };
    if !fits {
        return None;
    }
    Some(match message {
        ControlMessage::InvokeFunction(call) => ControlMessage::InvokeFunction(InvokeFunction {
            function_id: id(call.function_id),
            namespace: call.namespace.map(id),
            traceparent: within(call.traceparent, LONGEST_TRACE),
            baggage: within(call.baggage, LONGEST_BAGGAGE),
            ..call
        }),
        ControlMessage::InvocationResult(mut result) => {
            result.traceparent = within(result.traceparent, LONGEST_TRACE);
            result.baggage = within(result.baggage, LONGEST_BAGGAGE);
            ControlMessage::InvocationResult(result)
        }
        ControlMessage::RegisterFunction(mut function) => {
            function.id = id(function.id);
            ControlMessage::RegisterFunction(function)
        }
        ControlMessage::Unknown(kind) => ControlMessage::Unknown(id(kind)),
        message => message,
    })
}

/// Returns an id of at most [`LONGEST_ID`] bytes, or one that is longer than the id of any
/// function.
fn id(id: String) -> String {
    if id.len() <= LONGEST_ID {
        return id;
    }
    truncate(&id, LONGEST_ID)
}

/// Removes an optional text of a call if it is too long.
fn within(text: Option<String>, most: usize) -> Option<String> {
    text.filter(|text| text.len() <= most)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{LONGEST_ID, bounded};
    use crate::wire::ControlMessage;

    fn message(json: &serde_json::Value) -> Option<ControlMessage> {
        bounded(ControlMessage::decode(&json.to_string()).unwrap())
    }

    #[test]
    fn long_call_id_is_truncated_and_long_context_dropped() {
        let long = "x".repeat(1 << 20);
        let call = json!({"type": "invokefunction", "function_id": long, "baggage": long,
                          "traceparent": long, "invocation_id": "i", "data": long});
        let Some(ControlMessage::InvokeFunction(call)) = message(&call) else {
            panic!("no call");
        };
        assert!((LONGEST_ID + 1..LONGEST_ID + 8).contains(&call.function_id.len()));
        assert_eq!((call.baggage, call.traceparent), (None, None));
        assert!(call.data.as_json().len() > 1 << 20);
    }

    #[test]
    fn message_that_would_have_to_be_repeated_is_dropped() {
        let long = "x".repeat(1 << 20);
        for message_of in [
            json!({"type": "invokefunction", "function_id": "f", "invocation_id": long}),
            json!({"type": "invocationresult", "function_id": "f", "invocation_id": long}),
            json!({"type": "registertrigger", "id": long}),
        ] {
            assert!(message(&message_of).is_none());
        }
    }
}
