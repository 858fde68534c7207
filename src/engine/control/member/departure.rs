use std::time::{Duration, Instant};

use crate::engine::control::calls::delivery::{Deliveries, Fallback};
use crate::engine::control::calls::pending::PendingCall;
use crate::engine::control::control_plane::{Control, Tables};
use crate::engine::control::validation::refusals::not_found;
use crate::engine::control::workers::disconnect::{Disconnect, disconnect};
use crate::engine::control::workers::registry::{DEFAULT_NAMESPACE, Worker, WorkerId};
use crate::transport::{later, now};
use crate::wire::{Close, ErrorBody, InvokeFunction};

/// A call that was held for a registration and cannot be executed.
type Unanswered = (WorkerId, InvokeFunction, ErrorBody);

/// The ends of workers.
impl Control {
    /// Removes a worker: its functions are unregistered, and its calls end.
    pub(in crate::engine::control) fn leave(&self, id: &WorkerId, how: Disconnect) {
        let mut out = Deliveries::new();
        let mut notices = Vec::new();
        let mut tables = self.lock();
        let outbox = tables.registry.worker(id).map(Worker::outbox);
        tables.registry.leave(id, &mut notices);
        tables.tell_active(&notices, &mut out);
        disconnect(&mut tables, id, how, &mut out);
        let unanswered = self.unanswered(&mut tables);
        drop(tables);
        self.finish(unanswered, out);
        self.runs.left(id);
        if let Some(outbox) = outbox {
            outbox.close(Close::STOPPING);
        }
    }

    /// Keeps the calls of a worker whose connection was lost, for at most `within`. Returns false if
    /// there is nothing to keep or no room, and the worker has to leave.
    pub(in crate::engine::control) fn lose(&self, id: &WorkerId, within: Duration) -> bool {
        let mut out = Deliveries::new();
        let mut notices = Vec::new();
        let mut tables = self.lock();
        let Tables {
            registry,
            calls,
            held,
        } = &mut *tables;
        if registry.is_absent(id) {
            // A newer connection has claimed the calls.
            return true;
        }
        let Some(outbox) = registry.worker(id).map(Worker::outbox) else {
            return false;
        };
        let owes = outbox.owes() || calls.involves(id) || held.involves(id);
        let has_room = outbox.worker_quota().account().room() > 0;
        if !owes || !has_room || !registry.lose(id, later(now(), within), &mut notices) {
            return false;
        }
        tracing::debug!(worker = %id, ?within, "the calls of a lost worker are kept");
        tables.tell_active(&notices, &mut out);
        let unanswered = self.unanswered(&mut tables);
        drop(tables);
        self.finish(unanswered, out);
        self.absences.notify_one();
        true
    }

    /// Whether the calls of a worker are kept without a session.
    pub(in crate::engine::control) fn is_absent(&self, id: &WorkerId) -> bool {
        self.lock().registry.is_absent(id)
    }

    /// Removes the workers that did not reattach in time. Returns when the next one is due.
    pub(in crate::engine::control) fn expire(&self) -> Option<Instant> {
        let expired = self.lock().registry.expired(now());
        for id in expired {
            tracing::debug!(worker = %id, "a lost worker did not come back in time");
            self.leave(&id, Disconnect::Lost);
        }
        self.lock().registry.next_expiry()
    }

    /// Delivers what is left of the last message of a session that has ended, without waiting: a
    /// result must not be lost with the connection of the worker that sent it.
    pub(in crate::engine::control) fn deliver_rest(&self, mut rest: Deliveries) {
        while let Some(mut delivery) = rest.pop_front() {
            let is_notice = matches!(delivery.otherwise, Fallback::Nobody);
            let Some(message) = delivery.message.take().filter(|_| !is_notice) else {
                continue;
            };
            if let Err(reason) = delivery.to.try_push(message) {
                self.not_delivered(delivery, &reason, &mut rest);
            }
        }
    }

    /// Takes the held calls whose functions can no longer be expected.
    fn unanswered(&self, tables: &mut Tables) -> Vec<Unanswered> {
        let Tables { registry, held, .. } = tables;
        let suggests = !self.limits.behaviour.is_iii();
        let due = held.due(registry).into_iter();
        due.map(|PendingCall { caller, role, call }| {
            let namespace = call.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
            let role = suggests.then_some(&*role);
            let error = not_found(registry, namespace, &call.function_id, role);
            (caller, call, error)
        })
        .collect()
    }

    fn finish(&self, unanswered: Vec<Unanswered>, mut out: Deliveries) {
        for (caller, call, error) in unanswered {
            self.refuse(&caller, &call, error, &mut out);
        }
        self.push_all(out);
    }
}
