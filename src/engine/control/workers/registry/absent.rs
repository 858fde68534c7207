use std::sync::Arc;
use std::time::Instant;

use super::{Notice, Outbox, Registry, WorkerId};
use crate::wire::AccessKey;

/// Maximum number of workers whose calls are kept without a connection; further ones leave at once.
/// What each of them holds is charged to its account.
const MAX_ABSENT: usize = 1024;

/// Workers without a connection, whose calls are kept for a reattach.
impl Registry {
    /// Removes the functions of a worker whose connection was lost, and keeps the worker until
    /// `until`. Returns false if it cannot be kept and has to leave.
    pub(in crate::engine::control) fn lose(
        &mut self,
        id: &WorkerId,
        until: Instant,
        notices: &mut Vec<Notice>,
    ) -> bool {
        if self.absent().count() >= MAX_ABSENT || !self.workers.contains_key(id) {
            return false;
        }
        self.withdraw(id, notices);
        self.detach(id, until);
        true
    }

    /// Keeps a worker until `until` although its connection has no session any more. Its functions
    /// stay callable.
    pub(in crate::engine::control) fn detach(&mut self, id: &WorkerId, until: Instant) {
        if let Some(worker) = self.workers.get_mut(id) {
            worker.absent_until = Some(until);
        }
    }

    /// The outbox of a worker that proves with its token that a newer connection is its own.
    pub(in crate::engine::control) fn claimed(
        &self,
        old: &WorkerId,
        reattach_token: &AccessKey,
    ) -> Option<Arc<Outbox>> {
        let worker = self.workers.get(old)?;
        (worker.reattach_token == *reattach_token).then(|| worker.outbox())
    }

    /// Whether a worker is kept without a connection.
    pub(in crate::engine::control) fn is_absent(&self, id: &WorkerId) -> bool {
        let worker = self.workers.get(id);
        worker.is_some_and(|worker| worker.absent_until.is_some())
    }

    /// The workers whose time for a reattach is over. They have to leave.
    pub(in crate::engine::control) fn expired(&self, now: Instant) -> Vec<WorkerId> {
        let over = self.absent().filter(|(_, until)| *until <= now);
        over.map(|(id, _)| id.clone()).collect()
    }

    /// When the next worker [expires](Self::expired).
    pub(in crate::engine::control) fn next_expiry(&self) -> Option<Instant> {
        self.absent().map(|(_, until)| until).min()
    }

    fn absent(&self) -> impl Iterator<Item = (&WorkerId, Instant)> {
        let workers = self.workers.iter();
        workers.filter_map(|(id, worker)| Some((id, worker.absent_until?)))
    }
}
