use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Member;
use super::claim::Claim;
use crate::engine::control::calls::delivery::Deliveries;
use crate::engine::control::workers::disconnect::{Disconnect, disconnect};
use crate::engine::control::workers::outbox::replaced;
use crate::engine::control::workers::registry::{Notice, Registry, Replaced, WorkerId};
use crate::sync::MutexExt;
use crate::transport::{later, now};
use crate::wire::{AccessKey, ControlMessage, Reattach, Reattached};

/// The transition from one connection of a worker to the next.
impl Member<'_> {
    /// Replaces an older connection of the same worker (`docs/protocol.md` section 2.5). A wrong
    /// token is ignored.
    ///
    /// If the calls continue, the older connection stays until the worker confirms that it knows:
    /// if this connection is lost before, it asks again on another one.
    pub(super) fn reattach(&self, reattach: &Reattach, out: &mut Deliveries) {
        let claim = Claim {
            old: WorkerId::from(&*reattach.previous_worker_id),
            token: AccessKey::new(&*reattach.reattach_token),
            received: reattach.received.unwrap_or_default(),
        };
        if let Some(within) = self.reattach_within
            && reattach.received.is_some()
        {
            let received = self.detach(&claim, within);
            self.reply(&ControlMessage::Reattached(Reattached { received }), out);
            if received.is_some() {
                *self.claim.lock_unpoisoned() = Some(claim);
                return;
            }
        }
        self.replace(&claim, false, out);
    }

    /// Continues the calls of an older connection. The worker has received the answer to its
    /// reattach, because it has sent another message.
    pub(super) fn confirm(&self, out: &mut Deliveries) {
        let claim = self.claim.lock_unpoisoned().take();
        if let Some(claim) = claim
            && !self.replace(&claim, true, out)
        {
            // It came too late. The worker learns on its next connection that the calls have ended.
            self.outbox.close(replaced());
        }
    }

    /// Ends the session of the older connection and keeps its calls. Returns the number of messages
    /// that arrived on it; `None` if its calls cannot continue.
    fn detach(&self, claim: &Claim, within: Duration) -> Option<u64> {
        let mut tables = self.control.lock();
        // The calls of two connections could have the same ids.
        if claim.old == self.id || tables.calls.involves(&self.id) || tables.held.involves(&self.id)
        {
            return None;
        }
        let outbox = tables.registry.claimed(&claim.old, &claim.token)?;
        let received = outbox.detach(claim.received)?;
        let until = later(now(), within);
        tables.registry.detach(&claim.old, until);
        drop(tables);
        self.control.absences.notify_one();
        Some(received)
    }

    /// Moves the record of the older connection to this one, with its calls if they `continue`.
    /// Returns whether there was one.
    fn replace(&self, claim: &Claim, continues: bool, out: &mut Deliveries) -> bool {
        let Claim {
            old,
            token,
            received,
        } = claim;
        let mut notices = Vec::new();
        let mut tables = self.control.lock();
        let registry = &mut tables.registry;
        let Some(Replaced(left)) = registry.reattach(&self.id, old, token, &mut notices) else {
            return false;
        };
        self.reattached.store(true, Ordering::Relaxed);
        tracing::debug!(worker = %self.id, previous = %old, continues, "a worker came back");
        if let Some(left) = &left {
            // Under the lock of the tables, so that two workers cannot wait for each other.
            self.charges.take_over(left.worker_quota());
            self.release_gone(registry);
            self.drop_stale(registry, &mut notices);
        }
        tables.tell_active(&notices, out);
        let moved = left.as_ref().filter(|_| continues);
        if let Some(left) = moved {
            let quota = self.outbox.worker_quota();
            tables.calls.rename(old, &self.id, quota);
            tables.held.rename(old, &self.id);
            self.outbox.take_over(left, *received);
        } else {
            disconnect(&mut tables, old, Disconnect::Replaced, out);
        }
        drop(tables);
        self.told(notices, out);
        if moved.is_some() {
            self.control.runs.renamed(old, &self.id);
        } else {
            self.control.runs.left(old);
        }
        let found = left.is_some();
        if let Some(outbox) = left {
            outbox.close(replaced());
        }
        found || !continues
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
