mod claim;
mod departure;
mod reattach;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::calls::delivery::{Deliveries, Fallback, deliver, deliver_result};
use super::control_plane::{Control, Tables};
use super::validation::refusals::{forbidden, no_triggers, not_found};
use super::workers::charges::Charges;
use super::workers::disconnect::Disconnect;
use super::workers::recent_registrations::RecentRegistrations;
use super::workers::registry::{DEFAULT_NAMESPACE, Notice, Registry, RegistryUpdate, WorkerId};
use super::{FunctionRefused, Outbox, Outcome, builtin::functions, workers::announcement};
use claim::Claim;

use crate::engine::Role;
use crate::engine::core::Core;
use crate::engine::metrics::Reason;
use crate::engine::worker_quota::WorkerQuota;
use crate::transport::{PeerExtensions, now};
use crate::wire::{
    CancelInvocation, Close, ControlMessage, ErrorBody, InvocationResult, InvokeFunction, Payload,
    Received, RegisterFunction, builtin,
};

/// One connected worker. Dropping it removes the worker: its functions are unregistered and calls
/// to them fail.
pub(super) struct Member<'a> {
    pub(super) control: &'a Control,
    pub(super) id: WorkerId,
    pub(super) outbox: Arc<Outbox>,
    charges: Charges,
    /// Whether the worker stated its message limit.
    said_limit: bool,
    role: Arc<Role>,
    /// Whether a refused function was already logged.
    warned: AtomicBool,
    /// Time in microseconds for which the tables were locked for this worker alone, not yet
    /// compensated.
    cost: AtomicU64,
    fresh: RecentRegistrations,
    /// Whether it replaced an older connection since the last query.
    reattached: AtomicBool,
    /// How long its calls are kept after a loss of the connection, if they are.
    reattach_within: Option<Duration>,
    /// The older connection whose calls continue on this one once the worker confirms it. The lock
    /// protects one operation.
    claim: Mutex<Option<Claim>>,
    departure: Disconnect,
}

impl<'a> Member<'a> {
    pub(super) fn new(control: &'a Control, role: Arc<Role>, agreed: PeerExtensions) -> Self {
        let worker_quota = WorkerQuota::new(&control.budget, &control.limits);
        let outbox = Outbox::new(
            control.limits.outbox_bytes,
            agreed.message_limit.unwrap_or(announcement::USUAL_LIMIT),
            worker_quota.clone(),
        );
        let outbox = match agreed.reattach_within {
            Some(_) => outbox.logged(),
            None => outbox,
        };
        Self {
            control,
            id: WorkerId::from(Uuid::new_v4().to_string()),
            outbox: Arc::new(outbox),
            charges: Charges::new(
                worker_quota,
                control.limits.function_bytes,
                control.limits.worker_registered_bytes,
            ),
            said_limit: agreed.message_limit.is_some(),
            role,
            warned: AtomicBool::new(false),
            cost: AtomicU64::new(0),
            fresh: RecentRegistrations::default(),
            reattached: AtomicBool::new(false),
            reattach_within: agreed.reattach_within,
            claim: Mutex::default(),
            departure: Disconnect::Disconnected,
        }
    }

    /// Handles one message of this worker.
    pub(super) fn handle(&self, message: ControlMessage, core: &Core, out: &mut Deliveries) {
        if core.limits.behaviour.is_iii() {
            self.fresh.passed_by(&message);
        }
        if self.reattach_within.is_some() {
            self.confirm(out);
        }
        match message {
            ControlMessage::InvokeFunction(call) => self.invoke(call, core, out),
            ControlMessage::InvocationResult(result) => self.result(result, out),
            ControlMessage::RegisterFunction(function) => {
                let id = core.limits.behaviour.is_iii().then(|| function.id.clone());
                self.register(function, out);
                if let Some(id) = id.filter(|id| self.has(id)) {
                    self.fresh.add(id);
                }
            }
            ControlMessage::UnregisterFunction(function) => {
                self.change(core, out, |registry, notices| {
                    registry.unregister(&self.id, &function.id, notices);
                });
                self.charges.unregistered(&function.id);
            }
            ControlMessage::Reattach(reattach) => self.reattach(&reattach, out),
            ControlMessage::CancelInvocation(cancel) => self.cancel(&cancel, out),
            ControlMessage::Received(received) => self.outbox.acknowledge(received.count),
            ControlMessage::Drain => {
                self.change(core, out, |registry, notices| {
                    registry.drain(&self.id, notices);
                });
                self.control.lock().tell_drained(&self.id, out);
            }
            ControlMessage::RegisterTrigger(trigger) => self.reply(&no_triggers(trigger), out),
            ControlMessage::Ping => self.reply(&ControlMessage::Pong, out),
            ControlMessage::Unknown(kind) => {
                tracing::debug!(worker = %self.id, kind, "ignored a message of an unknown type");
            }
            // Only engines send these messages.
            ControlMessage::WorkerRegistered(_)
            | ControlMessage::Reattached(_)
            | ControlMessage::RegistrationRejected(_)
            | ControlMessage::TriggerRegistrationResult(_)
            | ControlMessage::FunctionActive(_)
            | ControlMessage::Drained
            | ControlMessage::Pong => {}
        }
    }

    /// Runs an expensive operation, during which other workers wait for the tables.
    pub(super) fn costly<R>(&self, work: impl FnOnce() -> R) -> R {
        let begun = Instant::now();
        let done = work();
        self.charge(begun);
        done
    }

    fn charge(&self, begun: Instant) {
        let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.cost.fetch_add(micros, Ordering::Relaxed);
    }

    /// The time of [costly](Self::costly) operations since the last query.
    pub(super) fn take_cost(&self) -> Duration {
        Duration::from_micros(self.cost.swap(0, Ordering::Relaxed))
    }

    /// Stores the worker's announcement.
    pub(super) fn announce(&self, about: Map<String, Value>, core: &Core, out: &mut Deliveries) {
        if !self.said_limit {
            self.outbox
                .limit_messages(announcement::message_limit(&about));
        }
        self.change(core, out, |registry, notices| {
            registry.announce(&self.id, about, notices);
            self.release_gone(registry);
        });
    }

    /// Stops waiting for the worker's announcement.
    pub(super) fn settle(&self, core: &Core, out: &mut Deliveries) {
        self.change(core, out, |registry, notices| {
            registry.settle(&self.id, notices);
            self.release_gone(registry);
        });
    }

    /// Whether it replaced an older connection since the last query.
    pub(super) fn take_reattached(&self) -> bool {
        self.reattached.swap(false, Ordering::Relaxed)
    }

    /// Whether an announcement or repeated registrations are still expected.
    pub(super) fn is_settled(&self) -> bool {
        self.control.lock().registry.is_settled(&self.id)
    }

    /// Changes the owner of functions, and notifies the affected workers.
    fn change(
        &self,
        core: &Core,
        out: &mut Deliveries,
        change: impl FnOnce(&mut Registry, &mut Vec<Notice>),
    ) {
        let mut notices = Vec::new();
        let mut tables = self.control.lock();
        change(&mut tables.registry, &mut notices);
        tables.tell_active(&notices, out);
        drop(tables);
        self.told(notices, out);
        self.control.release(core, out);
    }

    /// Notifies this worker that functions were refused.
    fn told(&self, notices: Vec<Notice>, out: &mut Deliveries) {
        for notice in notices {
            if let RegistryUpdate::Refused(refused) = notice.what {
                self.reject(refused, out);
            }
        }
    }

    fn register(&self, function: RegisterFunction, out: &mut Deliveries) {
        if function.id.starts_with(builtin::PREFIX) {
            let function_id = function.id;
            return self.reject(FunctionRefused::Reserved { function_id }, out);
        }
        if !self.role.may_register(&function.id) {
            let function_id = function.id;
            return self.reject(FunctionRefused::Forbidden { function_id }, out);
        }
        tracing::debug!(worker = %self.id, function = function.id, "registering a function");
        let (function_id, held) = match self.charges.registration(&function) {
            Ok(charged) => charged,
            Err(refused) => return self.reject(refused, out),
        };
        let mut notices = Vec::new();
        let mut tables = self.control.lock();
        tables.registry.register(&self.id, function, &mut notices);
        tables.tell_active(&notices, out);
        drop(tables);
        let kept = |notice: &Notice| !matches!(&notice.what, RegistryUpdate::Refused(refused) if refused.is_final());
        if notices.iter().all(kept) {
            self.charges.registered(function_id, held);
        }
        self.told(notices, out);
        self.keep_to_limit(out);
    }

    fn invoke(&self, mut call: InvokeFunction, core: &Core, out: &mut Deliveries) {
        if !self.role.may_call(&call.function_id) {
            self.control.metrics.refused(Reason::Role);
            let error = forbidden(&call.function_id);
            self.control.refuse(&self.id, &call, error, out);
        } else if let Some(outcome) = functions::call(self, &call, core, out) {
            self.answer(&call, outcome, out);
        } else if self.fresh.take(&call.function_id) {
            let tables = self.control.lock();
            let namespace = call.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
            let error = not_found(&tables.registry, namespace, &call.function_id, None);
            drop(tables);
            self.control.refuse(&self.id, &call, error, out);
        } else {
            // The search for similar names takes long.
            let begun = Instant::now();
            if let Err(error) = self
                .control
                .forward(&self.id, &self.role, &mut call, core, out)
            {
                self.charge(begun);
                self.control.refuse(&self.id, &call, error, out);
            }
        }
    }

    /// Cancels a call for which this worker no longer waits.
    fn cancel(&self, cancel: &CancelInvocation, out: &mut Deliveries) {
        let mut tables = self.control.lock();
        if tables.held.cancel(&self.id, &cancel.invocation_id) {
            return;
        }
        if let Some(call) = tables.calls.cancel(&self.id, &cancel.invocation_id) {
            tables.tell_cancelled(vec![call], out);
        }
    }

    /// Forwards a result to the calling worker. A result without a waiting caller is dropped.
    pub(super) fn result(&self, result: InvocationResult, out: &mut Deliveries) {
        let outcome = match &result.error {
            None => Outcome::Result,
            Some(_) => Outcome::Error,
        };
        let mut tables = self.control.lock();
        let id = &result.invocation_id;
        let Some(call) = tables.calls.close(&self.id, id, outcome, now()) else {
            return;
        };
        tables.tell_drained(&self.id, out);
        let Some(caller) = tables.registry.worker(&call.caller).filter(|_| !call.void) else {
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
        deliver_result(to, result, out);
    }

    /// Records how the worker disconnected, and removes it.
    pub(super) fn depart(mut self, how: Disconnect) {
        self.departure = how;
    }

    pub(super) fn reject(&self, refused: FunctionRefused, out: &mut Deliveries) {
        self.control.metrics.refused(Reason::from(&refused));
        // Each refusal is sent to the worker, so the log need not repeat all of them.
        if self.warned.swap(true, Ordering::Relaxed) {
            tracing::debug!(worker = %self.id, %refused, "a function was refused");
        } else {
            tracing::warn!(worker = %self.id, %refused, "a function was refused, the first of a worker");
        }
        let tables = self.control.lock();
        let rejected = refused.rejection(&tables.registry, &self.id);
        drop(tables);
        self.reply(&ControlMessage::RegistrationRejected(rejected), out);
    }

    fn answer(
        &self,
        call: &InvokeFunction,
        outcome: Result<Payload, ErrorBody>,
        out: &mut Deliveries,
    ) {
        if let Some(answer) = InvocationResult::answer(call, outcome) {
            deliver_result(Arc::clone(&self.outbox), answer, out);
        }
    }

    /// Tells the worker how many of its messages have arrived.
    pub(super) fn acknowledge(&self, count: u64, out: &mut Deliveries) {
        self.reply(&ControlMessage::Received(Received { count }), out);
    }

    fn reply(&self, message: &ControlMessage, out: &mut Deliveries) {
        deliver(Arc::clone(&self.outbox), message, Fallback::Nobody, out);
    }

    /// Whether it has a function.
    fn has(&self, function_id: &str) -> bool {
        let tables = self.control.lock();
        let worker = tables.registry.worker(&self.id);
        worker.is_some_and(|worker| worker.has(function_id))
    }

    /// The worker's name.
    pub(super) fn name(&self) -> Option<String> {
        let tables = self.control.lock();
        let worker = tables.registry.worker(&self.id)?;
        worker.name().map(str::to_owned)
    }

    /// The id of its quotas, across all its connections.
    pub(super) fn identity(&self) -> WorkerId {
        let tables = self.control.lock();
        let worker = tables.registry.worker(&self.id);
        worker.map_or_else(|| self.id.clone(), |worker| worker.identity.clone())
    }

    /// Locks the tables, for the lists.
    pub(super) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.control.lock()
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        let lost = self.departure == Disconnect::Lost;
        let within = self.reattach_within.filter(|_| lost);
        let kept = within.is_some_and(|within| self.control.lose(&self.id, within));
        // Otherwise a newer connection may have claimed the calls.
        if kept || self.control.is_absent(&self.id) {
            return;
        }
        self.control.leave(&self.id, self.departure);
        // Otherwise tasks that wait for room in it would never be woken.
        self.outbox.close(Close::STOPPING);
    }
}
