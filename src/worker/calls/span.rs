use tracing::Instrument;

use super::super::connection::draining::Draining;
use super::super::connection::session::Session;
use super::super::functions::execute::{answer, execute};
use super::super::shared::Origin;
use super::super::trace;
use crate::wire::{
    ControlMessage, ErrorBody, InvocationResult, InvokeFunction, TraceContext, salvage,
};

/// Handles calls of the worker's functions.
impl Session<'_> {
    /// If a message that is not valid JSON belongs to a call, fails that call.
    pub(in crate::worker) fn unreadable(&mut self, json: &str, error: &serde_json::Error) {
        let Some(found) = salvage(json) else { return };
        let Some(invocation_id) = found.invocation_id else {
            return;
        };
        match found.kind.as_str() {
            "invocationresult" => {
                let message = format!("the result is not valid JSON: {error}");
                let error = ErrorBody::new(ErrorBody::SERIALIZATION_ERROR, message);
                self.answered(InvocationResult::failed(invocation_id, error));
            }
            "invokefunction" => {
                let message = format!("the call is not valid JSON: {error}");
                let error = ErrorBody::new(ErrorBody::DESERIALIZATION_ERROR, message);
                let mut answer = InvocationResult::failed(invocation_id, error);
                answer.function_id = found.function_id.unwrap_or_default();
                self.driver.tell(&ControlMessage::InvocationResult(answer));
            }
            _ => {}
        }
    }

    /// Why a call is rejected.
    fn refusal_of(&self, call: &InvokeFunction) -> ErrorBody {
        let worker = &self.driver.shared.announcement.name;
        if self.driver.draining.is_some() {
            let message = format!("worker `{worker}` is shutting down");
            return ErrorBody::new(ErrorBody::INVOCATION_STOPPED, message);
        }
        let message = format!("worker `{worker}` has no function `{}`", call.function_id);
        ErrorBody::new(ErrorBody::FUNCTION_NOT_FOUND, message)
    }

    /// The error for too many calls, if the limit is reached.
    fn overload(&self) -> Option<ErrorBody> {
        let max = self.driver.shared.max_running_calls;
        if self.driver.running.len() < max {
            return None;
        }
        let worker = &self.driver.shared.announcement.name;
        let message = format!(
            "worker `{worker}` runs {max} calls, its limit; call again later, add a worker, or \
             raise `max_running_calls`"
        );
        Some(ErrorBody::new(ErrorBody::TOO_MANY_CALLS, message))
    }

    /// Starts a task for a called function.
    pub(in crate::worker) fn called(&mut self, call: InvokeFunction) {
        let settled = self.driver.draining.as_ref();
        let settled = settled.is_some_and(Draining::is_settled);
        let function = self.driver.shared.registry().get(&call.function_id);
        let Some(function) = function.filter(|_| !settled) else {
            let refusal = self.refusal_of(&call);
            let limit = self.driver.shared.message_limit();
            if let Some(frame) = answer(&call, Err(refusal), limit) {
                self.driver.send(frame);
            }
            return;
        };
        if let Some(refusal) = self.overload() {
            // One line each time the limit is reached, not one per call.
            if !std::mem::replace(&mut self.overloaded, true) {
                tracing::warn!(function = call.function_id, "{}", refusal.message);
            }
            let limit = self.driver.shared.message_limit();
            if let Some(frame) = answer(&call, Err(refusal), limit) {
                self.driver.send(frame);
            }
            return;
        }
        self.overloaded = false;
        let worker = self.driver.handle(Origin {
            traceparent: call.traceparent.clone(),
            baggage: call.baggage.clone(),
        });
        let span = call_span(&call);
        let token = self.driver.running.token(call.invocation_id.as_deref());
        let task = execute(function, call, worker, self.driver.session, token);
        self.driver.running.spawn(task.instrument(span));
    }
}

/// The span of a called function, a child of the caller's.
fn call_span(call: &InvokeFunction) -> tracing::Span {
    let span = tracing::info_span!(
        parent: None,
        "call",
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        error.type = tracing::field::Empty,
        rpc.system = "pipewright",
        rpc.method = call.function_id,
        trace_id = tracing::field::Empty,
    );
    let caller = call.traceparent.as_deref().map(str::parse::<TraceContext>);
    if let Some(Ok(caller)) = caller {
        span.record(
            "trace_id",
            tracing::field::display(format_args!("{:032x}", caller.trace_id)),
        );
        trace::continues(&span, &caller);
    }
    span
}
