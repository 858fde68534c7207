use serde::Serialize;

use super::samples::Course;
use super::{ChurnCounts, SinkCounts, SourceCounts};

/// MiB by which memory may vary: the capacity of two channels.
const MIB: f64 = 8.0;
/// Number of descriptors by which their count may vary: those of workers that come and go.
const DESCRIPTORS: f64 = 50.0;

/// The result of the load run.
#[derive(Serialize)]
pub(super) struct Outcome {
    pub(super) minutes: f64,
    pub(super) seed: u64,
    pub(super) active: usize,
    pub(super) workers: usize,
    pub(super) idle: usize,
    /// Channels among them whose reader is in the engine's own process.
    pub(super) idle_within: usize,
    /// Number of idle channels that carried a word in the end.
    pub(super) idle_answered: usize,
    pub(super) sources: SourceCounts,
    pub(super) sinks: SinkCounts,
    pub(super) churned: ChurnCounts,
    /// The streams of workers that come and go, as read by the sinks.
    pub(super) churn_streams: SinkCounts,
    pub(super) resident_mib: Course,
    pub(super) descriptors: Course,
    /// How long it took to free everything after all clients had left.
    pub(super) freed_ms: u128,
    pub(super) log_lines: u64,
}

impl Outcome {
    pub(super) fn print(&self) {
        let row = |what: &str, figure: String| println!("| {what} | {figure} |");
        println!("| what | figure |\n|---|---|");
        row(
            "duration, minutes",
            format!("{}, seed {}", self.minutes, self.seed),
        );
        row(
            "idle channels",
            format!(
                "{}, open at both ends, {} of the readers in the engine's own process for lack of \
                 descriptors; {} delivered a final message",
                self.idle, self.idle_within, self.idle_answered
            ),
        );
        row(
            "streams on the active channels",
            format!(
                "{} in {} slots, {} bytes, {} wrong",
                self.sinks.streams, self.active, self.sinks.bytes, self.sinks.wrong
            ),
        );
        for (error, times) in self.sinks.errors.iter().chain(&self.sources.errors) {
            row("error of an active channel", format!("{times} {error}"));
        }
        let churned = &self.churned;
        row(
            "short-lived workers",
            format!(
                "{} visits in {} slots, {} shut down cleanly; {} calls between them answered",
                churned.visits, self.workers, churned.polite, churned.answered
            ),
        );
        row(
            "their streams",
            format!(
                "{} complete, {} bytes, {} wrong; {} abandoned on purpose",
                self.churn_streams.streams,
                self.churn_streams.bytes,
                self.churn_streams.wrong,
                churned.left
            ),
        );
        for (error, times) in self.churn_streams.errors.iter().chain(&churned.errors) {
            row(
                "error reported to a short-lived worker",
                format!("{times} {error}"),
            );
        }
        let course = |course: &Course| {
            format!(
                "{:.1}, {:.1}, {:.1}; peak {:.1}, growth {:.1}, {} samples",
                course.first,
                course.middle,
                course.last,
                course.most,
                course.growth(),
                course.samples
            )
        };
        row(
            "resident MiB of the engine: first quarter, middle half, last quarter",
            course(&self.resident_mib),
        );
        row(
            "descriptors of the engine: first quarter, middle half, last quarter",
            course(&self.descriptors),
        );
        row(
            "time until everything is freed, ms",
            self.freed_ms.to_string(),
        );
        row("warnings logged", self.log_lines.to_string());
    }

    pub(super) fn line(&self) -> String {
        let flat = |flat| if flat { "flat" } else { "NOT flat" };
        format!(
            "{} streams, {} wrong, memory {}, descriptors {}",
            self.sinks.streams + self.churn_streams.streams,
            self.wrong(),
            flat(self.resident_mib.is_flat(MIB)),
            flat(self.descriptors.is_flat(DESCRIPTORS)),
        )
    }

    pub(super) fn is_met(&self) -> bool {
        self.wrong() == 0
            && self.sinks.streams > 0
            && self.sinks.errors.is_empty()
            && self.sources.errors.is_empty()
            && self.sources.streams == self.sinks.streams
            && self.idle_answered == self.idle
            && self.resident_mib.is_flat(MIB)
            && self.descriptors.is_flat(DESCRIPTORS)
    }

    fn wrong(&self) -> u64 {
        self.sinks.wrong + self.churn_streams.wrong
    }
}
