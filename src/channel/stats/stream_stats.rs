use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::task::Context;
use std::time::{Duration, Instant};

use futures::task::AtomicWaker;

use super::super::{ReadError, StreamReport, Verdict, WriteError};

/// Counters of one end that others can read while the end is in use.
///
/// They are updated with each frame and at the start and end of each wait, not with each item.
#[derive(Debug)]
pub(crate) struct StreamStats {
    made: Instant,
    bytes: AtomicU64,
    items: AtomicU64,
    messages: AtomicU64,
    waited_micros: AtomicU64,
    /// Start of the current wait, in microseconds after `made`; `NOT_WAITING` if there is none.
    since_micros: AtomicU64,
    /// Number of attempts that had to wait.
    attempts: AtomicU64,
    /// Woken when a wait ends.
    waits_ended: AtomicWaker,
    /// Whether the stream was verified; set when it ends successfully.
    verified: OnceLock<bool>,
    /// How the stream failed, for a reading end.
    failed: OnceLock<ReadError>,
    /// Whether a writing end has started to end its stream.
    ending: AtomicBool,
    /// How the peer of a writing end ended the stream.
    departure: OnceLock<ReaderGone>,
    /// Counts the activity of the whole run, so that its supervisor sees progress.
    activity: Option<Arc<AtomicU64>>,
}

/// How a writing end learned that its reader had disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReaderGone {
    /// The reader closed before the end.
    ReaderGone,
    /// The connection was lost; the reader or the engine may have stopped.
    Lost,
}

const NOT_WAITING: u64 = u64::MAX;

impl StreamStats {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::counting(None))
    }

    /// Like [`new`](Self::new), but also counts events in `activity`.
    pub(crate) fn of_run(activity: &Arc<AtomicU64>) -> Arc<Self> {
        Arc::new(Self::counting(Some(Arc::clone(activity))))
    }

    fn counting(activity: Option<Arc<AtomicU64>>) -> Self {
        Self {
            made: Instant::now(),
            bytes: AtomicU64::new(0),
            items: AtomicU64::new(0),
            messages: AtomicU64::new(0),
            waited_micros: AtomicU64::new(0),
            since_micros: AtomicU64::new(NOT_WAITING),
            attempts: AtomicU64::new(0),
            waits_ended: AtomicWaker::new(),
            verified: OnceLock::new(),
            failed: OnceLock::new(),
            ending: AtomicBool::new(false),
            departure: OnceLock::new(),
            activity,
        }
    }

    pub(crate) fn set(&self, report: &StreamReport) {
        let bytes = self.bytes.swap(report.bytes, Relaxed);
        let items = self.items.swap(report.items, Relaxed);
        let messages = self.messages.swap(report.messages, Relaxed);
        let before = (bytes, items, messages);
        // Heartbeats and pongs do not count as progress.
        let moved = before != (report.bytes, report.items, report.messages);
        match &report.verdict {
            None => {}
            Some(Verdict::Failed(error)) => {
                self.failed.get_or_init(|| error.clone());
            }
            Some(verdict) => {
                self.verified.get_or_init(|| verdict.is_verified());
            }
        }
        if let Some(activity) = &self.activity
            && (moved || report.verdict.is_some())
        {
            activity.fetch_add(1, Relaxed);
        }
    }

    /// How the stream failed, as seen by this reading end.
    pub(crate) fn failed(&self) -> Option<&ReadError> {
        self.failed.get()
    }

    /// Records that a writing end starts to end its stream, by a close or an abort.
    pub(crate) fn set_ending(&self) {
        self.ending.store(true, Relaxed);
    }

    /// Whether the writing end has started to end its stream.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.load(Relaxed)
    }

    /// Records the failure of a writing end.
    pub(crate) fn set_write_error(&self, error: &WriteError) {
        let departure = match error {
            error if error.is_reader_gone() => ReaderGone::ReaderGone,
            WriteError::Lost(_) | WriteError::Ended { .. } => ReaderGone::Lost,
            _ => return,
        };
        self.departure.get_or_init(|| departure);
    }

    /// How the writing end learned that its reader had disconnected, if it did.
    pub(crate) fn departure(&self) -> Option<ReaderGone> {
        self.departure.get().copied()
    }

    /// Whether totals and checksum were compared. `None` unless the stream ended successfully.
    pub(crate) fn verified(&self) -> Option<bool> {
        self.verified.get().copied()
    }

    /// Records that a wait started at `since`, or ended; `total` covers all earlier waits.
    pub(crate) fn set_waits(&self, since: Option<Instant>, total: Duration) {
        self.waited_micros.store(micros(total), Relaxed);
        let since = since.map_or(NOT_WAITING, |since| {
            micros(since.saturating_duration_since(self.made))
        });
        // Ordered before the waker is taken, and the waker is registered before this is read.
        self.since_micros.store(since, SeqCst);
        if since == NOT_WAITING {
            self.waits_ended.wake();
        }
    }

    /// Records an attempt of the current wait.
    pub(crate) fn count_attempt(&self) {
        self.attempts.fetch_add(1, Relaxed);
    }

    /// Returns the number of attempts that had to wait if the end waits now, and wakes the task
    /// when the wait ends.
    pub(crate) fn poll_waiting(&self, cx: &Context<'_>) -> Option<u64> {
        self.waits_ended.register(cx.waker());
        let waiting = self.since_micros.load(SeqCst) != NOT_WAITING;
        waiting.then(|| self.attempts.load(Relaxed))
    }

    /// The counters, including the current wait, without the verdict.
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

    use super::StreamStats;
    use crate::channel::stats::wait_timer::WaitTimer;

    #[test]
    fn a_wait_counts_while_it_lasts() {
        let (stats, mut wait_timer) = (StreamStats::new(), WaitTimer::default());
        assert!(stats.report().waited.is_zero());
        wait_timer.show(Arc::clone(&stats));
        wait_timer.begin();
        let begun = std::time::Instant::now();
        while stats.report().waited.is_zero() {
            assert!(begun.elapsed().as_secs() < 5, "the wait is not counted");
        }
        wait_timer.end();
        let waited = stats.report().waited;
        assert_eq!(waited, stats.report().waited);
    }
}
