use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::calls::{Call, Calls};
use super::refusals::{forbidden, no_queues, no_triggers, not_found};
use super::registry::{DEFAULT_NAMESPACE, FunctionRefused, Registry, WorkerId};
use super::turns::Turns;
use super::{Outbox, builtins};
use crate::engine::core::Core;
use crate::engine::limits::Limits;
use crate::engine::{EngineStats, Role};
use crate::wire::action::Action;
use crate::wire::{
    AccessKey, Close, ControlMessage, ErrorBody, InvocationResult, InvokeFunction, Payload,
    Reattach, RegisterFunction, RegistrationRejected, Text, WorkerRegistered, builtin, code,
};

/// The name under which an executor sees who called (`protocol.md` 2.2).
const CALLER: &str = "_caller_worker_id";

/// Joins the control connections: decides what each message means for whom.
pub(in crate::engine) struct Control {
    /// Protects the tables while one message is decided. Nothing waits under it; what is to be
    /// sent is sent afterwards.
    tables: Mutex<Tables>,
    pub(super) turns: Turns,
}

pub(super) struct Tables {
    pub(super) registry: Registry,
    pub(super) calls: Calls,
}

/// A message on its way into an outbox; `None` once it is in.
pub(super) struct Delivery {
    pub(super) to: Arc<Outbox>,
    pub(super) message: Option<Text>,
}

/// Deliveries that a session has still to make: those of one message, a handful at the most
/// unless an announcement finds many ids taken.
pub(super) type Deliveries = VecDeque<Delivery>;

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
}

impl Control {
    pub(in crate::engine) fn new(limits: &Limits) -> Self {
        let tables = Tables {
            registry: Registry::new(limits.worker_functions),
            calls: Calls::new(limits.worker_calls),
        };
        Self {
            tables: Mutex::new(tables),
            turns: Turns::default(),
        }
    }

    /// Adds a worker and puts the engine's first words into its outbox.
    pub(super) fn join(&self, role: Arc<Role>) -> Member<'_> {
        let member = Member {
            control: self,
            id: WorkerId::from(Uuid::new_v4().to_string()),
            outbox: Arc::default(),
            role,
            warned: AtomicBool::new(false),
            cost: AtomicU64::new(0),
        };
        let reattach_token = Uuid::new_v4().to_string();
        let hello = ControlMessage::WorkerRegistered(WorkerRegistered {
            worker_id: member.id.to_string(),
            reattach_token: Some(reattach_token.clone()),
        });
        if let Some(hello) = encoded(&hello) {
            member.outbox.push_notice(hello);
        }
        self.lock().registry.join(
            member.id.clone(),
            AccessKey::new(reattach_token),
            Arc::clone(&member.outbox),
        );
        member
    }

    pub(in crate::engine) fn count(&self, stats: &mut EngineStats) {
        let tables = self.lock();
        stats.workers = tables.registry.workers().len();
        stats.functions = tables.registry.functions().count();
        stats.calls = tables.calls.len();
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Tables> {
        // The tables are whole after each statement; a panic under the lock leaves them usable.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member<'_> {
    /// Decides one message of this worker.
    pub(super) fn handle(&self, message: ControlMessage, core: &Core, out: &mut Deliveries) {
        match message {
            ControlMessage::InvokeFunction(call) => self.invoke(call, core, out),
            ControlMessage::InvocationResult(result) => self.result(result, out),
            ControlMessage::RegisterFunction(function) => {
                if let Err(refused) = self.register(function) {
                    self.reject(refused, out);
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
        if !self.role.may_register(&function.id) {
            let function_id = function.id;
            return Err(FunctionRefused::Forbidden { function_id });
        }
        self.control.lock().registry.register(&self.id, function)
    }

    fn invoke(&self, mut call: InvokeFunction, core: &Core, out: &mut Deliveries) {
        if !builtin::ALWAYS.contains(&call.function_id.as_str())
            && !self.role.may_trigger(&call.function_id)
        {
            if call.action != Some(Action::Void) {
                self.answer(&call, Err(forbidden(&call.function_id)), out);
            }
        } else if let Some(outcome) = builtins::call(self, &call, core, out) {
            self.answer(&call, outcome, out);
        } else if let Err(error) = self.forward(&mut call, out)
            && call.action != Some(Action::Void)
        {
            self.answer(&call, Err(error), out);
        }
    }

    /// Passes a call to the worker that has the function. Its payload goes along; the rest stays
    /// for an answer.
    fn forward(&self, call: &mut InvokeFunction, out: &mut Deliveries) -> Result<(), ErrorBody> {
        let void = match &call.action {
            None => call.invocation_id.is_none(),
            Some(Action::Void) => true,
            Some(Action::Enqueue { .. }) => return Err(no_queues()),
            Some(Action::Unknown) => {
                return Err(ErrorBody::new("invocation_error", "unknown action"));
            }
        };
        let namespace = call.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
        if namespace.trim().is_empty() {
            let message = "namespace must not be blank; leave it out for the default";
            return Err(ErrorBody::new("INVALID_NAMESPACE", message));
        }
        let mut tables = self.control.lock();
        let Tables { registry, calls } = &mut *tables;
        let Some((owner, outbox)) = registry.owner(namespace, &call.function_id) else {
            let error = self.costly(|| not_found(registry, namespace, &call.function_id));
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
            };
            calls
                .open(owner.clone(), open)
                .map_err(|refused| ErrorBody::new("invocation_error", refused.to_string()))?;
        }
        let to = Arc::clone(outbox);
        drop(tables);
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
        let mut tables = self.control.lock();
        let Some(call) = tables.calls.close(&self.id, result.invocation_id) else {
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
        if let Some(left) = left {
            // Not 1000 or 1001, see `code::RESTART`.
            let close = Close::new(code::RESTART, "a newer connection took over");
            left.outbox.close(close);
        }
    }

    fn reject(&self, refused: FunctionRefused, out: &mut Deliveries) {
        // Each is told to the worker; the log need not grow with them.
        if self.warned.swap(true, Ordering::Relaxed) {
            tracing::debug!(worker = %self.id, %refused, "a function was refused");
        } else {
            tracing::warn!(worker = %self.id, %refused, "a function was refused, the first of a worker");
        }
        let (code, function_id, namespace, owner) = match refused {
            FunctionRefused::Conflict {
                function_id,
                namespace,
                owner,
            } => {
                let code = RegistrationRejected::FUNCTION_CONFLICT;
                (code, function_id, Some(namespace), Some(owner.to_string()))
            }
            FunctionRefused::Forbidden { function_id } => {
                (RegistrationRejected::FORBIDDEN, function_id, None, None)
            }
            FunctionRefused::TooMany { function_id, .. } => {
                let code = RegistrationRejected::TOO_MANY_FUNCTIONS;
                (code, function_id, None, None)
            }
        };
        let rejected = RegistrationRejected {
            code: code.to_owned(),
            namespace,
            worker_name: None,
            function_id: Some(function_id),
            owner_worker_id: owner,
        };
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
        // Whoever waits for room in it waits for nothing.
        self.outbox.close(Close::STOPPING);
    }
}

impl Tables {
    /// Tells callers that the executor of their call has gone.
    fn notify_stopped(&self, stopped: Vec<Call>) {
        for call in stopped {
            let Some(caller) = self.registry.worker(&call.caller) else {
                continue;
            };
            let message = format!(
                "the worker that executed {} disconnected before there was a result",
                call.function_id
            );
            let result = ControlMessage::InvocationResult(InvocationResult {
                invocation_id: call.invocation_id,
                function_id: call.function_id,
                result: None,
                error: Some(ErrorBody::new(ErrorBody::INVOCATION_STOPPED, message)),
                traceparent: call.traceparent,
                baggage: call.baggage,
            });
            if let Some(result) = encoded(&result) {
                caller.outbox.push_notice(result);
            }
        }
    }
}

fn deliver(to: Arc<Outbox>, message: &ControlMessage, out: &mut Deliveries) {
    if let Some(message) = encoded(message) {
        out.push_back(Delivery {
            to,
            message: Some(message),
        });
    }
}

fn encoded(message: &ControlMessage) -> Option<Text> {
    message
        .encode()
        .inspect_err(|error| tracing::error!(%error, "a message has no JSON form"))
        .ok()
}
