use std::fmt;
use std::time::Duration;

use crate::wire::{Distribution, Exposition};

/// The counters of a worker since it was connected, at one moment; see
/// [`Worker::metrics`](super::Worker::metrics).
///
/// `Display` prints them in the Prometheus text exposition format, version 0.0.4, with the names
/// listed in `docs/observability.md`. A process with several workers must serve each of them
/// separately.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "engine")]
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
/// let worker = pipewright::Worker::embedded().await?;
/// worker.register_function("text::upper", async |text: String| text.to_uppercase())?;
/// let _: String = worker.call("text::upper", "abc").await?;
///
/// let metrics = worker.metrics();
/// assert_eq!(metrics.calls_succeeded, 1);
/// let text = metrics.to_string();
/// assert!(text.contains("pipewright_worker_calls_total{outcome=\"result\"} 1"));
/// # Ok(()) }
/// # #[cfg(not(feature = "engine"))] fn main() {}
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WorkerMetrics {
    /// Number of functions running now.
    pub calls_running: u64,
    /// Calls of its functions that succeeded.
    pub calls_succeeded: u64,
    /// Calls of its functions that returned an error or panicked.
    pub calls_failed: u64,
    /// Number of functions that were stopped before their end, usually by a shutdown.
    pub calls_stopped: u64,
    /// The durations of function calls.
    pub call_duration: Distribution,
    /// The traffic of channel ends from which it read.
    pub read: StreamMetrics,
    /// The traffic of channel ends to which it wrote.
    pub written: StreamMetrics,
    /// How often the connection to the engine was lost and re-established.
    pub reconnects: u64,
}

/// The traffic of all channel ends of one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamMetrics {
    /// Payload bytes, as transmitted.
    pub bytes: u64,
    /// Items; 0 for streams of bytes.
    pub items: u64,
    /// Total time that readers waited for data, or writers for room.
    pub waited: Duration,
    /// Streams that ended completely.
    pub complete: u64,
    /// Streams that ended otherwise: aborted, truncated, cancelled or dropped.
    pub failed: u64,
}

impl fmt::Display for WorkerMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { read, written, .. } = self;
        let mut text = Exposition::new(f);
        text.info(
            "pipewright_worker_build_info",
            "The version of pipewright.",
            "version",
            env!("CARGO_PKG_VERSION"),
        )?;
        text.gauge(
            "pipewright_worker_calls_running",
            "Functions that run now, stages among them.",
            self.calls_running,
        )?;
        text.counters(
            "pipewright_worker_calls_total",
            "Functions that have ended, by what they came to.",
            &["outcome"],
            [
                (["result"], self.calls_succeeded),
                (["error"], self.calls_failed),
                (["stopped"], self.calls_stopped),
            ],
        )?;
        text.histogram(
            "pipewright_worker_call_duration_seconds",
            "How long functions ran.",
            &self.call_duration,
        )?;
        text.counters(
            "pipewright_worker_stream_bytes_total",
            "Payload bytes through ends of channels.",
            &["direction"],
            [(["read"], read.bytes), (["write"], written.bytes)],
        )?;
        text.counters(
            "pipewright_worker_stream_items_total",
            "Items through ends of channels.",
            &["direction"],
            [(["read"], read.items), (["write"], written.items)],
        )?;
        text.counters(
            "pipewright_worker_stream_wait_seconds_total",
            "How long ends of channels waited: readers for data, writers for room.",
            &["direction"],
            [
                (["read"], read.waited.as_secs_f64()),
                (["write"], written.waited.as_secs_f64()),
            ],
        )?;
        text.counters(
            "pipewright_worker_streams_total",
            "Streams that have ended, by how.",
            &["direction", "verdict"],
            [
                (["read", "complete"], read.complete),
                (["read", "failed"], read.failed),
                (["write", "complete"], written.complete),
                (["write", "failed"], written.failed),
            ],
        )?;
        text.counter(
            "pipewright_worker_reconnects_total",
            "How often the connection to the engine was made again.",
            self.reconnects,
        )
    }
}
