//! Messages for workers whose requests are refused.

use std::fmt::Write;

use super::super::workers::registry::Registry;
use super::hint;
use crate::engine::Role;
use crate::wire::{ControlMessage, ErrorBody, RegisterTrigger, TriggerRegistrationResult};

/// Number of functions that an unknown id is compared with: each comparison takes a microsecond,
/// while every worker waits.
const COMPARED: usize = 500;

/// Maximum number of namespaces in an error, each of at most 256 bytes.
const NAMESPACES: usize = 5;

/// Suggests a function that `role` may call. Without a role, suggests nothing.
pub(in crate::engine::control) fn not_found(
    registry: &Registry,
    namespace: &str,
    function_id: &str,
    role: Option<&Role>,
) -> ErrorBody {
    let mut message = format!("Function {function_id} not found in namespace {namespace}.");
    let mut elsewhere: Vec<&str> = registry
        .functions()
        .filter(|(_, function)| function.registered.id == function_id)
        .map(|(namespace, _)| namespace)
        .collect();
    elsewhere.sort_unstable();
    elsewhere.truncate(NAMESPACES);
    let here = registry
        .functions()
        .take(COMPARED)
        .filter(|(its, _)| *its == namespace)
        .map(|(_, function)| function.registered.id.as_str())
        .filter(|id| role.is_some_and(|role| role.may_trigger(id)));
    if !elsewhere.is_empty() {
        // Writing into a string does not fail.
        let _ = write!(message, " It exists in namespace {}.", elsewhere.join(", "));
    } else if let Some(near) = hint::nearest(function_id, here) {
        let _ = write!(message, " Did you mean {near}?");
    }
    ErrorBody::new(ErrorBody::FUNCTION_NOT_FOUND, message)
}

pub(in crate::engine::control) fn forbidden(function_id: &str) -> ErrorBody {
    let message = format!(
        "the token of this worker may not trigger {function_id}; ask the operator of the engine"
    );
    ErrorBody::new(ErrorBody::FORBIDDEN, message)
}

pub(in crate::engine::control) fn no_queues() -> ErrorBody {
    ErrorBody::new("enqueue_error", "the embedded engine has no queues")
}

pub(in crate::engine::control) fn no_triggers(trigger: RegisterTrigger) -> ControlMessage {
    ControlMessage::TriggerRegistrationResult(TriggerRegistrationResult {
        id: trigger.id,
        trigger_type: trigger.trigger_type,
        function_id: trigger.function_id,
        error: Some(ErrorBody::new(
            "trigger_type_not_found",
            "the embedded engine has no triggers",
        )),
    })
}
