use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;

use super::handler::Function;
use super::{FunctionError, Invocation, MAX_MESSAGE, Worker};
use crate::wire::{CALLER, ControlMessage, ErrorBody, InvocationResult, InvokeFunction, Text};

/// What a function has come to.
pub(super) struct Finished {
    /// The connection that the call came by; its answer is of use there alone, because an engine
    /// tells callers at once when the connection of the worker they wait for is gone.
    pub(super) session: u64,
    /// The answer as it travels, if one is wanted.
    pub(super) answer: Option<Text>,
}

/// Runs a function to its end, whatever that is.
pub(super) async fn execute(
    function: Arc<dyn Function>,
    mut call: InvokeFunction,
    worker: Worker,
    session: u64,
) -> Finished {
    // For whoever asks by `Invocation::caller_worker_id`; a function that takes a map or a struct
    // knows nothing of it.
    let (payload, caller) = std::mem::take(&mut call.data).take_member(CALLER);
    let shared = Arc::clone(worker.shared());
    let execution = shared.counters.begin();
    let invocation = Invocation::new(&mut call, caller, worker);
    // Nothing of the function is used after a panic, so nothing can be seen half done.
    let outcome = AssertUnwindSafe(async { function.invoke(payload, invocation).await })
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| {
            Err(FunctionError::failed(format!(
                "function `{}` panicked: {}",
                call.function_id,
                panic_message(&*panic)
            )))
        });
    execution.ended(outcome.is_ok());
    if let Err(error) = &outcome {
        let span = tracing::Span::current();
        span.record("otel.status_code", "ERROR");
        span.record("error.type", error.code());
    }
    Finished {
        session,
        answer: answer(&call, outcome.map_err(FunctionError::into_inner)),
    }
}

/// The answer to `call` as it travels, if one is wanted. One that is too large to travel becomes
/// an error that says so.
pub(super) fn answer(
    call: &InvokeFunction,
    outcome: Result<crate::wire::Payload, ErrorBody>,
) -> Option<Text> {
    let encode = |outcome| {
        InvocationResult::answer(call, outcome)
            .map(|answer| ControlMessage::InvocationResult(answer).encode())
    };
    let problem = match encode(outcome)? {
        Ok(frame) if frame.len() <= MAX_MESSAGE => return Some(frame),
        Ok(frame) => ErrorBody::new(
            "payload_too_large",
            format!(
                "the result of function `{}` takes {} bytes, over the limit of {MAX_MESSAGE}; send large data through a channel",
                call.function_id,
                frame.len(),
            ),
        ),
        Err(error) => ErrorBody::new(ErrorBody::SERIALIZATION_ERROR, error.to_string()),
    };
    encode(Err(problem))?.ok()
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
