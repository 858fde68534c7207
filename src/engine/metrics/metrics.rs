use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use super::Reason;
use crate::wire::Tallies;

/// The counters that are not part of any table.
#[derive(Debug)]
pub(in crate::engine) struct Metrics {
    started: Instant,
    accepted: AtomicU64,
    refusals: Tallies<Reason>,
}

impl Metrics {
    pub(in crate::engine) fn new() -> Self {
        Self {
            started: Instant::now(),
            accepted: AtomicU64::new(0),
            refusals: Tallies::default(),
        }
    }

    /// Records an accepted connection, before it is served or refused.
    pub(in crate::engine) fn accepted(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }

    pub(in crate::engine) fn refused(&self, reason: Reason) {
        self.refusals.add(reason);
    }

    pub(in crate::engine) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn connections(&self) -> u64 {
        self.accepted.load(Relaxed)
    }

    pub(super) fn refusals(&self) -> &Tallies<Reason> {
        &self.refusals
    }
}
