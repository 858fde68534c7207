use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use super::{StreamMetrics, WorkerMetrics};
use crate::transport::EndpointStats;
use crate::wire::Histogram;

/// The counters of a worker.
#[derive(Debug, Default)]
pub(super) struct Counters {
    running: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    stopped: AtomicU64,
    durations: Histogram,
    pub(super) streams: Arc<EndpointStats>,
    reconnects: AtomicU64,
}

impl Counters {
    /// Records that a function starts.
    pub(super) fn begin(&self) -> Execution<'_> {
        self.running.fetch_add(1, Relaxed);
        Execution {
            counters: self,
            since: Instant::now(),
            ended: &self.stopped,
        }
    }

    pub(super) fn reconnected(&self) {
        self.reconnects.fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self) -> WorkerMetrics {
        let streams = |direction| {
            let counts = self.streams.of(direction);
            StreamMetrics {
                bytes: counts.bytes.load(Relaxed),
                items: counts.items.load(Relaxed),
                waited: Duration::from_micros(counts.waited_micros.load(Relaxed)),
                complete: counts.complete.load(Relaxed),
                failed: counts.failed.load(Relaxed),
            }
        };
        WorkerMetrics {
            calls_running: self.running.load(Relaxed),
            calls_succeeded: self.succeeded.load(Relaxed),
            calls_failed: self.failed.load(Relaxed),
            calls_stopped: self.stopped.load(Relaxed),
            call_duration: self.durations.read(),
            read: streams(crate::wire::Direction::Read),
            written: streams(crate::wire::Direction::Write),
            reconnects: self.reconnects.load(Relaxed),
        }
    }
}

/// A running function. If it is dropped before [`ended`](Self::ended), the function was stopped.
pub(super) struct Execution<'a> {
    counters: &'a Counters,
    since: Instant,
    /// The counter of its outcome.
    ended: &'a AtomicU64,
}

impl Execution<'_> {
    pub(super) fn ended(mut self, succeeded: bool) {
        self.ended = if succeeded {
            &self.counters.succeeded
        } else {
            &self.counters.failed
        };
    }
}

impl Drop for Execution<'_> {
    fn drop(&mut self) {
        self.counters.running.fetch_sub(1, Relaxed);
        self.ended.fetch_add(1, Relaxed);
        self.counters.durations.observe(self.since.elapsed());
    }
}
