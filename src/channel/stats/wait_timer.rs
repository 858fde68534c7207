use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::StreamStats;

/// Sums the time that one end spends waiting for its peer.
///
/// The clock is read at the start and end of a wait, never for an operation that completes
/// immediately.
#[derive(Clone, Debug, Default)]
pub(crate) struct WaitTimer {
    since: Option<Instant>,
    total: Duration,
    stats: Option<Arc<StreamStats>>,
}

impl WaitTimer {
    /// Reports every change to `stats`, so that a wait is visible while it lasts.
    pub(crate) fn show(&mut self, stats: Arc<StreamStats>) {
        self.stats = Some(stats);
    }

    /// Records that the operation has to wait.
    pub(crate) fn begin(&mut self) {
        if let Some(stats) = &self.stats {
            stats.count_attempt();
        }
        if self.since.is_none() {
            self.since = Some(Instant::now());
            self.changed();
        }
    }

    /// Whether an operation is waiting.
    pub(crate) fn is_on(&self) -> bool {
        self.since.is_some()
    }

    /// Records that the operation completed or was dropped.
    pub(crate) fn end(&mut self) {
        if let Some(since) = self.since.take() {
            self.total += since.elapsed();
            self.changed();
        }
    }

    fn changed(&self) {
        if let Some(stats) = &self.stats {
            stats.set_waits(self.since, self.total);
        }
    }

    /// The total of all finished waits.
    pub(crate) fn total(&self) -> Duration {
        self.total
    }
}
