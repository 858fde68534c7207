use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Meter;

/// Adds up the time that one end spent waiting for its peer.
///
/// The clock is read when a wait begins and when it ends, never for an operation that goes
/// through at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waits {
    since: Option<Instant>,
    total: Duration,
    meter: Option<Arc<Meter>>,
}

impl Waits {
    /// Shows every change to `meter`, so that a wait is seen while it lasts.
    pub(crate) fn show(&mut self, meter: Arc<Meter>) {
        self.meter = Some(meter);
    }

    /// The operation has to wait.
    pub(crate) fn begin(&mut self) {
        if self.since.is_none() {
            self.since = Some(Instant::now());
            self.changed();
        }
    }

    /// Whether an operation waits.
    pub(crate) fn is_on(&self) -> bool {
        self.since.is_some()
    }

    /// The operation went through, or was given up.
    pub(crate) fn end(&mut self) {
        if let Some(since) = self.since.take() {
            self.total += since.elapsed();
            self.changed();
        }
    }

    fn changed(&self) {
        if let Some(meter) = &self.meter {
            meter.set_waits(self.since, self.total);
        }
    }

    /// All waits that have ended.
    pub(crate) fn total(&self) -> Duration {
        self.total
    }
}
