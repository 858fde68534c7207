use std::mem;
use std::sync::Arc;

use uuid::Uuid;

use super::super::Outcome;
use super::super::control_plane::{Control, Tables};
use super::super::validation::refusals::{no_queues, not_found};
use super::super::workers::charges::size_of_call;
use super::super::workers::registry::{DEFAULT_NAMESPACE, Worker, WorkerId};
use super::delivery::{Deliveries, Fallback, deliver, deliver_result, failure};
use super::pending::PendingCall;
use super::table::{Call, CallRefused};
use crate::engine::Role;
use crate::engine::core::Core;
use crate::engine::metrics::Reason;
use crate::engine::runs::NewCall;
use crate::transport::now;
use crate::wire::action::Action;
use crate::wire::{CALLER, ControlMessage, ErrorBody, InvokeFunction};

impl Control {
    /// Forwards a call to the least busy worker that has the function. The payload is moved out;
    /// the other fields remain for an answer.
    pub(in crate::engine::control) fn forward(
        &self,
        caller: &WorkerId,
        role: &Arc<Role>,
        call: &mut InvokeFunction,
        core: &Core,
        out: &mut Deliveries,
    ) -> Result<(), ErrorBody> {
        let metrics = &self.metrics;
        let void = is_void(call).inspect_err(|_| metrics.refused(Reason::Request))?;
        let namespace = call.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
        if namespace.trim().is_empty() {
            metrics.refused(Reason::Request);
            let message = "namespace must not be blank; leave it out for the default";
            return Err(ErrorBody::new("INVALID_NAMESPACE", message));
        }
        let mut tables = self.lock();
        let Tables {
            registry,
            calls,
            held,
        } = &mut *tables;
        let picked = registry.pick(namespace, &call.function_id, |id| calls.executing(id));
        let Some((executor, worker)) = picked else {
            if registry.expects(&call.function_id) && held.has_room(call) {
                held.push(caller, role, take(call));
                return Ok(());
            }
            metrics.refused(Reason::FunctionNotFound);
            let role = (!core.limits.behaviour.is_iii()).then_some(&**role);
            let namespace = call.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
            return Err(not_found(registry, namespace, &call.function_id, role));
        };
        // A worker that supports the extensions also answers a void call, so it counts as busy
        // until then.
        let invocation_id = match &call.invocation_id {
            Some(invocation_id) if !void => Some(invocation_id.clone()),
            _ if worker.extended => Some(Uuid::new_v4().to_string()),
            _ => None,
        };
        let to = Arc::clone(&worker.outbox);
        let timeout_ms = call.timeout_ms.filter(|_| worker.extended);
        let worker = worker.name().filter(|_| self.runs.is_recorded());
        let worker = worker.map(str::to_owned);
        if let Some(invocation_id) = &invocation_id {
            let Some(outbox) = registry.worker(caller).map(Worker::outbox) else {
                // The worker has disconnected in the meantime.
                return Ok(());
            };
            let refused = |refused: CallRefused| {
                metrics.refused(refused.into());
                ErrorBody::new("invocation_error", refused.to_string())
            };
            let held = outbox
                .worker_quota()
                .call(size_of_call(invocation_id, call))
                .map_err(|no_room| refused(no_room.into()))?;
            let open = Call {
                caller: caller.clone(),
                executor: executor.clone(),
                invocation_id: invocation_id.clone(),
                function_id: call.function_id.clone(),
                traceparent: call.traceparent.clone(),
                baggage: call.baggage.clone(),
                opened: now(),
                void,
                held,
            };
            calls.open(open).map_err(refused)?;
        } else {
            calls.totals().outcomes.add(Outcome::Void);
        }
        drop(tables);
        let otherwise = match &invocation_id {
            None => Fallback::Nobody,
            Some(invocation_id) => Fallback::Caller {
                executor: executor.clone(),
                invocation_id: invocation_id.clone(),
            },
        };
        let known = NewCall {
            caller,
            executor: &executor,
            worker: worker.as_deref(),
            invocation_id: invocation_id.as_deref().filter(|_| !void),
            function_id: &call.function_id,
            traceparent: call.traceparent.as_deref(),
        };
        self.runs
            .called(&known, &call.data, |end| core.channels.knows(end));
        let call = InvokeFunction {
            invocation_id,
            function_id: call.function_id.clone(),
            data: mem::take(&mut call.data).with_member(CALLER, caller),
            action: None,
            namespace: None,
            metadata: call.metadata.take(),
            traceparent: call.traceparent.take(),
            baggage: call.baggage.take(),
            timeout_ms,
        };
        deliver(to, &ControlMessage::InvokeFunction(call), otherwise, out);
        Ok(())
    }

    /// Forwards or answers the calls that were waiting for a registration which has now been
    /// decided.
    pub(in crate::engine::control) fn release(&self, core: &Core, out: &mut Deliveries) {
        let mut tables = self.lock();
        let Tables { registry, held, .. } = &mut *tables;
        let due = held.due(registry);
        drop(tables);
        for PendingCall {
            caller,
            role,
            mut call,
        } in due
        {
            if let Err(error) = self.forward(&caller, &role, &mut call, core, out) {
                self.refuse(&caller, &call, error, out);
            }
        }
    }

    /// Answers a call that is not executed, if it expects an answer.
    pub(in crate::engine::control) fn refuse(
        &self,
        caller: &WorkerId,
        call: &InvokeFunction,
        error: ErrorBody,
        out: &mut Deliveries,
    ) {
        self.runs.refused(&call.function_id, &error);
        if call.action == Some(Action::Void) {
            return;
        }
        let tables = self.lock();
        let to = tables.registry.worker(caller).map(Worker::outbox);
        drop(tables);
        if let (Some(to), Some(invocation_id)) = (to, call.invocation_id.clone()) {
            let answer = failure(invocation_id, call.function_id.clone(), error);
            deliver_result(to, answer, out);
        }
    }
}

/// Whether no answer is expected.
fn is_void(call: &InvokeFunction) -> Result<bool, ErrorBody> {
    match &call.action {
        None => Ok(call.invocation_id.is_none()),
        Some(Action::Void) => Ok(true),
        Some(Action::Enqueue { .. }) => Err(no_queues()),
        Some(Action::Unknown) => Err(ErrorBody::new("invocation_error", "unknown action")),
    }
}

/// Takes a call and leaves its id and function for an answer.
fn take(call: &mut InvokeFunction) -> InvokeFunction {
    InvokeFunction {
        data: mem::take(&mut call.data),
        metadata: call.metadata.take(),
        ..call.clone()
    }
}
