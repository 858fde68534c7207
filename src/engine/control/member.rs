use std::collections::HashSet;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::calls::Call;
use super::delivery::{Deliveries, deliver};
use super::refusals::{forbidden, no_queues, no_triggers, not_found};
use super::registry::{DEFAULT_NAMESPACE, Worker, WorkerId};
use super::switchboard::{Control, Tables};
use super::{FunctionRefused, Outbox, Outcome, builtins};
use crate::engine::Role;
use crate::engine::core::Core;
use crate::engine::metrics::Reason;
use crate::engine::runs::NewCall;
use crate::wire::action::Action;
use crate::wire::{
    AccessKey, CALLER, Close, ControlMessage, ErrorBody, InvocationResult, InvokeFunction, Payload,
    Reattach, RegisterFunction, builtin, code,
};

/// One connected worker. Dropping it makes the worker leave: its functions go, calls to them fail.
pub(super) struct Member<'a> {
    control: &'a Control,
    pub(super) id: WorkerId,
    pub(super) outbox: Arc<Outbox>,
    role: Arc<Role>,
    /// A function of it was refused, and the log says so.
    warned: AtomicBool,
    /// Microseconds for which the tables were held for this worker alone, not yet paid for.
    cost: AtomicU64,
    /// Functions that it has registered since its last other message, where they are not found yet
    /// as on an iii engine. Bounded by the functions of a worker.
    fresh: Mutex<HashSet<String>>,
}

impl<'a> Member<'a> {
    pub(super) fn new(control: &'a Control, role: Arc<Role>) -> Self {
        Self {
            control,
            id: WorkerId::from(Uuid::new_v4().to_string()),
            outbox: Arc::default(),
            role,
            warned: AtomicBool::new(false),
            cost: AtomicU64::new(0),
            fresh: Mutex::default(),
        }
    }

    /// Decides one message of this worker.
    pub(super) fn handle(&self, message: ControlMessage, core: &Core, out: &mut Deliveries) {
        if core.limits.behaviour.is_iii() {
            self.freshen(&message);
        }
        match message {
            ControlMessage::InvokeFunction(call) => self.invoke(call, core, out),
            ControlMessage::InvocationResult(result) => self.result(result, out),
            ControlMessage::RegisterFunction(function) => {
                let id = core.limits.behaviour.is_iii().then(|| function.id.clone());
                match self.register(function) {
                    Ok(()) => self.fresh().extend(id),
                    Err(refused) => self.reject(refused, out),
                }
            }
            ControlMessage::UnregisterFunction(function) => {
                let mut tables = self.control.lock();
                tables.registry.unregister(&self.id, &function.id);
            }
            ControlMessage::Reattach(reattach) => self.reattach(&reattach),
            ControlMessage::RegisterTrigger(trigger) => self.reply(&no_triggers(trigger), out),
            ControlMessage::Ping => self.reply(&ControlMessage::Pong, out),
            ControlMessage::Unknown(kind) => {
                tracing::debug!(worker = %self.id, kind, "ignored a message of an unknown type");
            }
            // Words of an engine, out of place from a worker.
            ControlMessage::WorkerRegistered(_)
            | ControlMessage::RegistrationRejected(_)
            | ControlMessage::TriggerRegistrationResult(_)
            | ControlMessage::Pong => {}
        }
    }

    /// Whatever else a worker sends, its registrations have arrived by then.
    fn freshen(&self, message: &ControlMessage) {
        match message {
            ControlMessage::RegisterFunction(_) => {}
            ControlMessage::InvokeFunction(call)
                if !call.function_id.starts_with(builtin::PREFIX) => {}
            _ => self.fresh().clear(),
        }
    }

    fn fresh(&self) -> MutexGuard<'_, HashSet<String>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what takes long for one worker while others wait for the tables.
    pub(super) fn costly<R>(&self, work: impl FnOnce() -> R) -> R {
        let begun = Instant::now();
        let done = work();
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.cost.fetch_add(micros, Ordering::Relaxed);
        done
    }

    /// For how long it was [costly](Self::costly) since this was last asked.
    pub(super) fn take_cost(&self) -> Duration {
        Duration::from_micros(self.cost.swap(0, Ordering::Relaxed))
    }

    /// Keeps what the worker says of itself.
    pub(super) fn announce(&self, about: Map<String, Value>, out: &mut Deliveries) {
        let conflicts = self.control.lock().registry.announce(&self.id, about);
        for conflict in conflicts {
            self.reject(conflict, out);
        }
    }

    fn register(&self, function: RegisterFunction) -> Result<(), FunctionRefused> {
        if function.id.starts_with(builtin::PREFIX) {
            let function_id = function.id;
            return Err(FunctionRefused::Reserved { function_id });
        }
        if !self.role.may_register(&function.id) {
            let function_id = function.id;
            return Err(FunctionRefused::Forbidden { function_id });
        }
        tracing::debug!(worker = %self.id, function = function.id, "registering a function");
        self.control.lock().registry.register(&self.id, function)
    }

    fn invoke(&self, mut call: InvokeFunction, core: &Core, out: &mut Deliveries) {
        if !self.role.may_call(&call.function_id) {
            self.control.metrics.refused(Reason::Role);
            self.refuse(&call, forbidden(&call.function_id), out);
        } else if let Some(outcome) = builtins::call(self, &call, core, out) {
            self.answer(&call, outcome, out);
        } else if let Err(error) = self.forward(&mut call, core, out) {
            self.refuse(&call, error, out);
        }
    }

    /// Answers a call that nobody carries out, if it wants an answer.
    fn refuse(&self, call: &InvokeFunction, error: ErrorBody, out: &mut Deliveries) {
        self.control.runs.refused(&call.function_id, &error);
        if call.action != Some(Action::Void) {
            self.answer(call, Err(error), out);
        }
    }

    /// Passes a call to the worker that has the function. Its payload goes along; the rest stays
    /// for an answer.
    fn forward(
        &self,
        call: &mut InvokeFunction,
        core: &Core,
        out: &mut Deliveries,
    ) -> Result<(), ErrorBody> {
        let metrics = &self.control.metrics;
        let void = match &call.action {
            None => call.invocation_id.is_none(),
            Some(Action::Void) => true,
            Some(Action::Enqueue { .. }) => {
                metrics.refused(Reason::Request);
                return Err(no_queues());
            }
            Some(Action::Unknown) => {
                metrics.refused(Reason::Request);
                return Err(ErrorBody::new("invocation_error", "unknown action"));
            }
        };
        let namespace = call.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
        if namespace.trim().is_empty() {
            metrics.refused(Reason::Request);
            let message = "namespace must not be blank; leave it out for the default";
            return Err(ErrorBody::new("INVALID_NAMESPACE", message));
        }
        let mut tables = self.control.lock();
        let Tables { registry, calls } = &mut *tables;
        let found = registry.owner(namespace, &call.function_id);
        let found = found.filter(|_| !self.fresh().remove(&call.function_id));
        let Some((owner, outbox)) = found else {
            metrics.refused(Reason::FunctionNotFound);
            let suggest = !core.limits.behaviour.is_iii();
            let role = suggest.then_some(&*self.role);
            let error = self.costly(|| not_found(registry, namespace, &call.function_id, role));
            return Err(error);
        };
        let invocation_id = call.invocation_id.clone().filter(|_| !void);
        if let Some(invocation_id) = &invocation_id {
            let open = Call {
                caller: self.id.clone(),
                invocation_id: invocation_id.clone(),
                function_id: call.function_id.clone(),
                traceparent: call.traceparent.clone(),
                baggage: call.baggage.clone(),
                opened: now(),
            };
            calls.open(owner.clone(), open).map_err(|refused| {
                metrics.refused(refused.into());
                ErrorBody::new("invocation_error", refused.to_string())
            })?;
        } else {
            calls.totals().outcomes.add(Outcome::Void);
        }
        let to = Arc::clone(outbox);
        let executor = owner.clone();
        let worker = registry.worker(&executor).and_then(Worker::name);
        let worker = worker.map(str::to_owned);
        drop(tables);
        let known = NewCall {
            caller: &self.id,
            executor: &executor,
            worker: worker.as_deref(),
            invocation_id: invocation_id.as_deref(),
            function_id: &call.function_id,
            traceparent: call.traceparent.as_deref(),
        };
        self.control.runs.called(&known, &call.data, &core.channels);
        let call = InvokeFunction {
            invocation_id,
            function_id: call.function_id.clone(),
            data: mem::take(&mut call.data).with_member(CALLER, &self.id),
            action: None,
            namespace: None,
            metadata: call.metadata.take(),
            traceparent: call.traceparent.take(),
            baggage: call.baggage.take(),
        };
        deliver(to, &ControlMessage::InvokeFunction(call), out);
        Ok(())
    }

    /// Passes a result to the worker that called. A result that nobody waits for is dropped.
    fn result(&self, result: InvocationResult, out: &mut Deliveries) {
        let outcome = match &result.error {
            None => Outcome::Result,
            Some(_) => Outcome::Error,
        };
        let mut tables = self.control.lock();
        let id = result.invocation_id;
        let Some(call) = tables.calls.close(&self.id, id, outcome, now()) else {
            return;
        };
        let Some(caller) = tables.registry.worker(&call.caller) else {
            return;
        };
        let to = Arc::clone(&caller.outbox);
        drop(tables);
        let result = InvocationResult {
            invocation_id: call.invocation_id,
            function_id: call.function_id,
            result: result.result,
            error: result.error,
            traceparent: result.traceparent.or(call.traceparent),
            baggage: result.baggage.or(call.baggage),
        };
        self.control.runs.answered(&self.id, &result);
        deliver(to, &ControlMessage::InvocationResult(result), out);
    }

    /// Takes the place of an older connection of the same worker (`protocol.md` 2.5). A wrong
    /// token is ignored silently.
    fn reattach(&self, reattach: &Reattach) {
        let mut tables = self.control.lock();
        let token = AccessKey::new(&*reattach.reattach_token);
        let old = WorkerId::from(&*reattach.previous_worker_id);
        let known = tables.registry.worker(&old);
        if old == self.id || known.is_none_or(|worker| worker.reattach_token != token) {
            return;
        }
        let left = tables.registry.take_over(&self.id, &old);
        let stopped = tables.calls.leave(&old);
        tables.notify_stopped(stopped);
        drop(tables);
        self.control.runs.left(&old);
        if let Some(left) = left {
            // Not 1000 or 1001, see `code::RESTART`.
            let close = Close::new(code::RESTART, "a newer connection took over");
            left.outbox.close(close);
        }
    }

    fn reject(&self, refused: FunctionRefused, out: &mut Deliveries) {
        self.control.metrics.refused(Reason::from(&refused));
        // Each is told to the worker; the log need not grow with them.
        if self.warned.swap(true, Ordering::Relaxed) {
            tracing::debug!(worker = %self.id, %refused, "a function was refused");
        } else {
            tracing::warn!(worker = %self.id, %refused, "a function was refused, the first of a worker");
        }
        let rejected = refused.rejection(self.namespace());
        self.reply(&ControlMessage::RegistrationRejected(rejected), out);
    }

    fn answer(
        &self,
        call: &InvokeFunction,
        outcome: Result<Payload, ErrorBody>,
        out: &mut Deliveries,
    ) {
        if let Some(answer) = InvocationResult::answer(call, outcome) {
            self.reply(&ControlMessage::InvocationResult(answer), out);
        }
    }

    fn reply(&self, message: &ControlMessage, out: &mut Deliveries) {
        deliver(Arc::clone(&self.outbox), message, out);
    }

    /// Where its functions are.
    fn namespace(&self) -> String {
        let tables = self.control.lock();
        let worker = tables.registry.worker(&self.id);
        worker.map_or(DEFAULT_NAMESPACE.to_owned(), |worker| {
            worker.namespace.clone()
        })
    }

    /// What the worker calls itself.
    pub(super) fn name(&self) -> Option<String> {
        let tables = self.control.lock();
        let worker = tables.registry.worker(&self.id)?;
        worker.name().map(str::to_owned)
    }

    /// What the tables say now, for the lists.
    pub(super) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.control.lock()
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        let mut tables = self.control.lock();
        tables.registry.leave(&self.id);
        let stopped = tables.calls.leave(&self.id);
        tables.notify_stopped(stopped);
        drop(tables);
        self.control.runs.left(&self.id);
        // Whoever waits for room in it waits for nothing.
        self.outbox.close(Close::STOPPING);
    }
}

/// The time as tokio has it, so that tests can pause it.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
