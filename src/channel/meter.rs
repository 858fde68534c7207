use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::StreamReport;

/// Counters of one end, for others to look at while the end is in use.
///
/// Brought up to date with each frame, not with each item.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    bytes: AtomicU64,
    items: AtomicU64,
    messages: AtomicU64,
    waited_micros: AtomicU64,
}

impl Meter {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn set(&self, report: &StreamReport) {
        self.bytes.store(report.bytes, Relaxed);
        self.items.store(report.items, Relaxed);
        self.messages.store(report.messages, Relaxed);
        let waited = u64::try_from(report.waited.as_micros()).unwrap_or(u64::MAX);
        self.waited_micros.store(waited, Relaxed);
    }

    /// The counters; the verdict is not among them.
    pub(crate) fn report(&self) -> StreamReport {
        StreamReport {
            bytes: self.bytes.load(Relaxed),
            items: self.items.load(Relaxed),
            messages: self.messages.load(Relaxed),
            waited: Duration::from_micros(self.waited_micros.load(Relaxed)),
            verdict: None,
        }
    }
}
