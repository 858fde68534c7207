use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::super::{FunctionError, Invocation, Worker};
use super::handler::Function;
use crate::wire::{CALLER, ControlMessage, ErrorBody, InvocationResult, InvokeFunction, Text};

/// How long a function may continue after its result is no longer wanted.
const GRACE: Duration = Duration::from_secs(30);

/// How long after the caller's timeout a call counts as abandoned. Callers normally cancel their
/// calls; this covers those that cannot.
const LATE: Duration = Duration::from_secs(1);

/// The result of a function.
pub(in crate::worker) struct Finished {
    /// The connection on which the call arrived. The answer is useful only there, because an engine
    /// fails calls immediately when the connection of the executing worker is lost.
    pub(in crate::worker) session: u64,
    /// The answer in its wire form, if one is expected.
    pub(in crate::worker) answer: Option<Text>,
    pub(in crate::worker) invocation_id: Option<String>,
}

/// Runs a function to its end.
///
/// A function that continues although its result is no longer wanted is stopped after [`GRACE`], so
/// that its slot becomes free.
pub(in crate::worker) async fn execute(
    function: Arc<dyn Function>,
    mut call: InvokeFunction,
    worker: Worker,
    session: u64,
    given_up: CancellationToken,
) -> Finished {
    // Removed here, so that a function whose input is a map or a struct does not see it; it is
    // available through `Invocation::caller_worker_id`.
    let (payload, caller) = std::mem::take(&mut call.data).take_member(CALLER);
    let shared = Arc::clone(worker.shared());
    let execution = shared.counters.begin();
    let timeout = call.timeout_ms.map(Duration::from_millis);
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let invocation = Invocation::new(&mut call, caller, worker, given_up.clone(), deadline);
    // The function's state is not used after a panic, so no broken invariant can be observed.
    let running =
        AssertUnwindSafe(async { function.invoke(payload, invocation).await }).catch_unwind();
    let outcome = tokio::select! {
        biased;
        outcome = running => outcome,
        () = stopped(&given_up, deadline) => {
            let message = format!(
                "function `{}` was stopped: its caller no longer waited, and it did not end \
                 within {GRACE:?}",
                call.function_id
            );
            tracing::warn!("{message}");
            let error = ErrorBody::new(ErrorBody::INVOCATION_STOPPED, message);
            return Finished {
                session,
                answer: answer(&call, Err(error), shared.message_limit()),
                invocation_id: call.invocation_id,
            };
        }
    };
    let outcome = outcome.unwrap_or_else(|panic| {
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
        answer: answer(
            &call,
            outcome.map_err(FunctionError::into_inner),
            shared.message_limit(),
        ),
        invocation_id: call.invocation_id,
    }
}

/// Waits until the grace period of an abandoned function is over.
async fn stopped(given_up: &CancellationToken, deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => {
            if timeout_at(deadline + LATE, given_up.cancelled())
                .await
                .is_err()
            {
                given_up.cancel();
            }
        }
        None => given_up.cancelled().await,
    }
    sleep(GRACE).await;
}

/// The answer to `call` in its wire form, if one is expected. An answer of more than `limit` bytes
/// becomes an error.
pub(in crate::worker) fn answer(
    call: &InvokeFunction,
    outcome: Result<crate::wire::Payload, ErrorBody>,
    limit: usize,
) -> Option<Text> {
    let encode = |outcome| {
        InvocationResult::answer(call, outcome)
            .map(|answer| ControlMessage::InvocationResult(answer).encode())
    };
    let problem = match encode(outcome)? {
        Ok(frame) if frame.len() <= limit => return Some(frame),
        Ok(frame) => ErrorBody::new(
            ErrorBody::PAYLOAD_TOO_LARGE,
            format!(
                "the result of function `{}` takes {} bytes, over the limit of {limit}; send large data through a channel",
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
