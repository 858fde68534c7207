use std::sync::atomic::Ordering;

use super::Member;
use crate::engine::control::calls::delivery::Deliveries;
use crate::engine::control::workers::disconnect::{Disconnect, disconnect};
use crate::engine::control::workers::registry::{Notice, Registry, Replaced, WorkerId};
use crate::wire::{AccessKey, Close, Reattach, code};

/// The transition from one connection of a worker to the next.
impl Member<'_> {
    /// Replaces an older connection of the same worker (`docs/protocol.md` section 2.5). A wrong
    /// token is ignored.
    pub(super) fn reattach(&self, reattach: &Reattach, out: &mut Deliveries) {
        let token = AccessKey::new(&*reattach.reattach_token);
        let old = WorkerId::from(&*reattach.previous_worker_id);
        let mut notices = Vec::new();
        let mut tables = self.control.lock();
        let registry = &mut tables.registry;
        let Some(Replaced(left)) = registry.reattach(&self.id, &old, &token, &mut notices) else {
            return;
        };
        self.reattached.store(true, Ordering::Relaxed);
        tracing::debug!(worker = %self.id, previous = %old, "a worker came back");
        if let Some(left) = &left {
            // Under the lock of the tables, so that two workers cannot wait for each other.
            self.charges.take_over(left.worker_quota());
            self.release_gone(registry);
            self.drop_stale(registry, &mut notices);
        }
        tables.tell_active(&notices, out);
        disconnect(&mut tables, &old, Disconnect::Replaced, out);
        drop(tables);
        self.told(notices, out);
        self.control.runs.left(&old);
        if let Some(outbox) = left {
            // Not 1000 or 1001, see `code::RESTART`.
            let close = Close::new(code::RESTART, "a newer connection took over");
            outbox.close(close);
        }
    }

    /// Releases the bytes of functions that the worker no longer has.
    pub(super) fn release_gone(&self, registry: &Registry) {
        let worker = registry.worker(&self.id);
        self.charges
            .retain(|function_id| worker.is_some_and(|worker| worker.has(function_id)));
    }

    /// If the worker exceeds its limit in bytes, removes functions that were registered before the
    /// reattach.
    pub(super) fn keep_to_limit(&self, out: &mut Deliveries) {
        if !self.charges.exceeded() {
            return;
        }
        let mut notices = Vec::new();
        let mut tables = self.control.lock();
        self.drop_stale(&mut tables.registry, &mut notices);
        tables.tell_active(&notices, out);
        drop(tables);
        self.told(notices, out);
    }

    fn drop_stale(&self, registry: &mut Registry, notices: &mut Vec<Notice>) {
        while self.charges.exceeded()
            && let Some(function_id) = registry.make_room(&self.id, notices)
        {
            self.charges.unregistered(&function_id);
        }
    }
}
