use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use super::limits::Limits;
use crate::sync::MutexExt;
use crate::transport::{Account, Budget};

/// The memory that the engine's tables hold for one worker, in bytes.
///
/// Each entry of a table contains a [`Reservation`], which releases its bytes when the entry is
/// dropped. Registrations and open calls have separate bounds. All workers, with the messages that
/// wait for them, share one [`Budget`].
#[derive(Clone, Debug)]
pub(super) struct WorkerQuota {
    account: Account,
    registered: Quota,
    calls: Quota,
    registrations: Arc<Mutex<Registrations>>,
}

/// The registrations of a worker by function id. Bounded by the quota that each entry is charged
/// to.
#[derive(Debug, Default)]
pub(super) struct Registrations {
    held: HashMap<String, Reservation>,
    bytes: usize,
}

/// Bytes of each bound that a worker may always use. A worker with few functions and calls is
/// therefore served even if others use all the rest.
pub(super) const FREE: usize = 64 << 10;

/// A bound of one worker, and its usage.
#[derive(Clone, Debug)]
struct Quota {
    limit: usize,
    used: Arc<AtomicUsize>,
}

/// The bytes of one table entry, until it is dropped.
pub(super) struct Reservation {
    bytes: usize,
    from: Option<(Account, Quota)>,
}

/// The error if there is no room for an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum QuotaExceeded {
    #[error("{bytes} bytes are more than the {left} bytes that are left to the worker")]
    OfWorker { bytes: usize, left: usize },
    #[error("{bytes} bytes are more than the {left} bytes that the engine has left for one worker")]
    OfEngine { bytes: usize, left: usize },
}

impl WorkerQuota {
    pub(super) fn new(budget: &Arc<Budget>, limits: &Limits) -> Self {
        Self {
            account: budget.account(),
            registered: Quota::new(limits.worker_registered_bytes),
            calls: Quota::new(limits.worker_call_bytes),
            registrations: Arc::default(),
        }
    }

    /// Locks the registrations for one operation.
    pub(super) fn registrations(&self) -> MutexGuard<'_, Registrations> {
        // The value is consistent after each operation.
        self.registrations.lock_unpoisoned()
    }

    /// With the default bounds, for tests.
    #[cfg(test)]
    pub(super) fn of(budget: &Arc<Budget>) -> Self {
        Self::new(budget, &Limits::default())
    }

    /// The account that is also charged for the worker's messages.
    pub(super) fn account(&self) -> Account {
        self.account.clone()
    }

    /// Charges `bytes` for a registration.
    pub(super) fn register(&self, bytes: usize) -> Result<Reservation, QuotaExceeded> {
        self.hold(&self.registered, bytes)
    }

    /// Charges `bytes` for an open call.
    pub(super) fn call(&self, bytes: usize) -> Result<Reservation, QuotaExceeded> {
        self.hold(&self.calls, bytes)
    }

    /// Moves an open call of an older connection of the worker to this account.
    pub(super) fn adopt(&self, held: &mut Reservation) {
        let bytes = held.bytes;
        self.calls.used.fetch_add(bytes, Ordering::Relaxed);
        self.account.add(bytes);
        *held = Reservation {
            bytes,
            from: Some((self.account.clone(), self.calls.clone())),
        };
    }

    fn hold(&self, quota: &Quota, bytes: usize) -> Result<Reservation, QuotaExceeded> {
        let used = quota.used.load(Ordering::Relaxed);
        let left = quota.limit.saturating_sub(used);
        if bytes > left {
            return Err(QuotaExceeded::OfWorker { bytes, left });
        }
        let left = self.account.room();
        if bytes > left && used + bytes > FREE {
            return Err(QuotaExceeded::OfEngine { bytes, left });
        }
        quota.used.fetch_add(bytes, Ordering::Relaxed);
        self.account.add(bytes);
        Ok(Reservation {
            bytes,
            from: Some((self.account.clone(), quota.clone())),
        })
    }
}

impl Registrations {
    pub(super) fn insert(&mut self, function_id: String, held: Reservation) {
        self.bytes += held.bytes();
        if let Some(replaced) = self.held.insert(function_id, held) {
            self.bytes -= replaced.bytes();
        }
    }

    pub(super) fn remove(&mut self, function_id: &str) -> Option<Reservation> {
        let held = self.held.remove(function_id)?;
        self.bytes -= held.bytes();
        Some(held)
    }

    /// Takes over the registrations of another connection of the worker, except those that this one
    /// has registered again.
    pub(super) fn take_over(&mut self, left: &mut Self) {
        for (function_id, held) in std::mem::take(left).held {
            if !self.held.contains_key(&function_id) {
                self.insert(function_id, held);
            }
        }
    }

    /// Drops the entries of functions that the worker no longer has.
    pub(super) fn retain(&mut self, has: impl Fn(&str) -> bool) {
        self.held.retain(|function_id, held| {
            let kept = has(function_id);
            if !kept {
                self.bytes -= held.bytes();
            }
            kept
        });
    }

    /// Bytes of all entries.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Quota {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            used: Arc::default(),
        }
    }
}

impl Reservation {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The charge of an entry that costs nothing.
    #[cfg(test)]
    pub(super) fn nothing() -> Self {
        Self {
            bytes: 0,
            from: None,
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some((account, quota)) = &self.from {
            account.sub(self.bytes);
            quota.used.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({} bytes)", self.bytes)
    }
}

/// The charge is not part of an entry's value.
impl PartialEq for Reservation {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Reservation {}

#[cfg(test)]
mod tests {
    use super::{FREE, QuotaExceeded, WorkerQuota};
    use crate::engine::limits::Limits;
    use crate::transport::Budget;

    fn worker_quota(total: usize) -> [WorkerQuota; 2] {
        let limits = Limits {
            worker_registered_bytes: 100,
            worker_call_bytes: 2 * FREE,
            ..Limits::default()
        };
        let budget = Budget::new(total);
        [(); 2].map(|()| WorkerQuota::new(&budget, &limits))
    }

    #[test]
    fn dropped_entry_gives_its_bytes_back() {
        let [one, _] = worker_quota(4 * FREE);
        let held = one.register(60).unwrap();
        let refused = one.register(60).unwrap_err();
        assert_eq!(
            refused,
            QuotaExceeded::OfWorker {
                bytes: 60,
                left: 40
            }
        );
        // Calls have a separate bound.
        let _call = one.call(2 * FREE).unwrap();
        drop(held);
        one.register(100).unwrap();
    }

    #[test]
    fn one_worker_leaves_room_for_another() {
        let [greedy, modest] = worker_quota(2 * FREE);
        let _held = greedy.call(FREE).unwrap();
        let refused = greedy.call(1).unwrap_err();
        assert_eq!(refused, QuotaExceeded::OfEngine { bytes: 1, left: 0 });
        let _held = modest.call(FREE).unwrap();
        // Every worker can still hold a little.
        modest.register(100).unwrap();
    }
}
