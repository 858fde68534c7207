use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::{StreamReport, Verdict};

/// Counters of one end, for others to look at while the end is in use.
///
/// Brought up to date with each frame and whenever a wait begins or ends, not with each item.
#[derive(Debug)]
pub(crate) struct Meter {
    made: Instant,
    bytes: AtomicU64,
    items: AtomicU64,
    messages: AtomicU64,
    waited_micros: AtomicU64,
    /// When the wait began that is not over, in microseconds after `made`; `NOT_WAITING` without.
    since_micros: AtomicU64,
    /// Whether the stream was verified, once it has ended well.
    verified: OnceLock<bool>,
}

const NOT_WAITING: u64 = u64::MAX;

impl Meter {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            made: Instant::now(),
            bytes: AtomicU64::new(0),
            items: AtomicU64::new(0),
            messages: AtomicU64::new(0),
            waited_micros: AtomicU64::new(0),
            since_micros: AtomicU64::new(NOT_WAITING),
            verified: OnceLock::new(),
        })
    }

    pub(crate) fn set(&self, report: &StreamReport) {
        self.bytes.store(report.bytes, Relaxed);
        self.items.store(report.items, Relaxed);
        self.messages.store(report.messages, Relaxed);
        if let Some(verified) = report.verdict.as_ref().and_then(Verdict::compared) {
            self.verified.get_or_init(|| verified);
        }
    }

    /// Whether totals and checksum were compared; `None` unless the stream has ended well.
    pub(crate) fn verified(&self) -> Option<bool> {
        self.verified.get().copied()
    }

    /// A wait has begun at `since`, or ended; `total` is that of all before.
    pub(crate) fn set_waits(&self, since: Option<Instant>, total: Duration) {
        self.waited_micros.store(micros(total), Relaxed);
        let since = since.map_or(NOT_WAITING, |since| {
            micros(since.saturating_duration_since(self.made))
        });
        self.since_micros.store(since, Relaxed);
    }

    /// The counters, with the wait that goes on; the verdict is not among them.
    pub(crate) fn report(&self) -> StreamReport {
        let waiting = match self.since_micros.load(Relaxed) {
            NOT_WAITING => 0,
            since => micros(self.made.elapsed()).saturating_sub(since),
        };
        StreamReport {
            bytes: self.bytes.load(Relaxed),
            items: self.items.load(Relaxed),
            messages: self.messages.load(Relaxed),
            waited: Duration::from_micros(self.waited_micros.load(Relaxed) + waiting),
            verdict: None,
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Meter;
    use crate::channel::waits::Waits;

    #[test]
    fn a_wait_counts_while_it_lasts() {
        let (meter, mut waits) = (Meter::new(), Waits::default());
        assert!(meter.report().waited.is_zero());
        waits.show(Arc::clone(&meter));
        waits.begin();
        let begun = std::time::Instant::now();
        while meter.report().waited.is_zero() {
            assert!(begun.elapsed().as_secs() < 5, "the wait is not counted");
        }
        waits.end();
        let waited = meter.report().waited;
        assert_eq!(waited, meter.report().waited);
    }
}
