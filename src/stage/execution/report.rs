use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::channel::StreamReport;
use crate::wire::Progress;

/// The statistics of one stage in one run: the result of triggering it.
///
/// A stage in another language may omit values that it does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StageReport {
    /// Number of input items.
    #[serde(default)]
    pub items_in: u64,
    /// Number of output items.
    #[serde(default)]
    pub items_out: u64,
    /// Number of input payload bytes.
    #[serde(default)]
    pub bytes_in: u64,
    /// Number of output payload bytes.
    #[serde(default)]
    pub bytes_out: u64,
    /// Number of items that were skipped because they could not be processed.
    #[serde(default)]
    pub items_skipped: u64,
    /// Number of skipped items that were sent to the dead letters.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub items_dead: u64,
    /// Whether the input matched the totals of its writer, and its checksum if it sent one: `false`
    /// if it sent no totals. `None` if unknown, for example for a stage that stopped early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_verified: Option<bool>,
    /// Whether the stage stopped reading before the end of its input.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub input_left: bool,
    /// Whether the stage ended its output itself. Otherwise code that it started may still write.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub output_closed: bool,
    /// Time from the start of the stage to its end, in microseconds.
    #[serde(default)]
    pub elapsed_us: u64,
    /// Time spent waiting for input, in microseconds.
    #[serde(default)]
    pub waited_in_us: u64,
    /// Time spent waiting for room in the output, in microseconds.
    #[serde(default)]
    pub waited_out_us: u64,
    /// The name of the worker that ran the stage; several names if it ran on several. `None` for a
    /// stage within the process, or one that does not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
}

impl StageReport {
    /// Creates the report of a stage from the reports of its ends.
    pub(crate) fn between(input: &StreamReport, output: &StreamReport, elapsed: Duration) -> Self {
        Self {
            items_in: input.items,
            items_out: output.items,
            bytes_in: input.bytes,
            bytes_out: output.bytes,
            items_skipped: 0,
            items_dead: 0,
            input_verified: None,
            input_left: false,
            output_closed: false,
            elapsed_us: micros(elapsed),
            waited_in_us: micros(input.waited),
            waited_out_us: micros(output.waited),
            worker: None,
        }
    }

    /// Returns the same report for a run on the worker `name`.
    pub(crate) fn by(self, name: &str) -> Self {
        Self {
            worker: Some(name.to_owned()),
            ..self
        }
    }

    /// Combines the reports of two stages: the input of the first and the output of the second.
    pub(crate) fn followed_by(&self, next: &Self) -> Self {
        Self {
            items_in: self.items_in,
            bytes_in: self.bytes_in,
            waited_in_us: self.waited_in_us,
            input_verified: self.input_verified,
            input_left: self.input_left,
            items_skipped: self.items_skipped + next.items_skipped,
            items_dead: self.items_dead + next.items_dead,
            elapsed_us: self.elapsed_us.max(next.elapsed_us),
            worker: joined(self.worker.as_deref(), next.worker.as_deref()),
            ..next.clone()
        }
    }

    /// The statistics that a stage has reported so far, for rates and shares while it runs.
    ///
    /// Absent values are 0.
    pub fn so_far(progress: &Progress) -> Self {
        let more = |name: &str| progress.more.get(name).and_then(Value::as_u64).unwrap_or(0);
        Self {
            items_in: more("items_in"),
            items_out: progress.items,
            bytes_in: more("bytes_in"),
            bytes_out: progress.bytes,
            items_skipped: more("items_skipped"),
            items_dead: more("items_dead"),
            input_verified: None,
            input_left: false,
            output_closed: false,
            elapsed_us: more("elapsed_us"),
            waited_in_us: more("waited_in_us"),
            waited_out_us: more("waited_out_us"),
            worker: None,
        }
    }

    /// Output items per second.
    pub fn items_per_second(&self) -> f64 {
        self.rate(self.items_out)
    }

    /// Output payload bytes per second.
    pub fn bytes_per_second(&self) -> f64 {
        self.rate(self.bytes_out)
    }

    #[allow(clippy::cast_precision_loss)] // A rate needs no 64 bits.
    fn rate(&self, count: u64) -> f64 {
        if self.elapsed_us == 0 {
            0.0
        } else {
            count as f64 / self.elapsed().as_secs_f64()
        }
    }

    /// How long the stage ran.
    pub fn elapsed(&self) -> Duration {
        Duration::from_micros(self.elapsed_us)
    }

    /// The share of its time that the stage spent waiting for input, from 0 to 1.
    pub fn waiting_for_input(&self) -> f64 {
        self.share(self.waited_in_us)
    }

    /// The share of its time that the stage spent waiting for room in its output, from 0 to 1.
    pub fn waiting_for_output(&self) -> f64 {
        self.share(self.waited_out_us)
    }

    /// The share of its time that the stage spent working, from 0 to 1.
    pub fn working(&self) -> f64 {
        (1.0 - self.waiting_for_input() - self.waiting_for_output()).max(0.0)
    }

    #[allow(clippy::cast_precision_loss)] // A share needs no 64 bits.
    fn share(&self, part: u64) -> f64 {
        if self.elapsed_us == 0 {
            0.0
        } else {
            (part as f64 / self.elapsed_us as f64).min(1.0)
        }
    }
}

/// The inverse of [`StageReport::so_far`], without a stage name.
impl From<&StageReport> for Progress {
    fn from(report: &StageReport) -> Self {
        let mut progress = Self {
            items: report.items_out,
            bytes: report.bytes_out,
            ..Self::default()
        };
        let more = [
            ("items_in", report.items_in),
            ("bytes_in", report.bytes_in),
            ("items_skipped", report.items_skipped),
            ("items_dead", report.items_dead),
            ("elapsed_us", report.elapsed_us),
            ("waited_in_us", report.waited_in_us),
            ("waited_out_us", report.waited_out_us),
        ];
        for (name, value) in more {
            progress.more.insert(name.to_owned(), value.into());
        }
        progress
    }
}

/// Combines the verification of several streams: an unverified one takes precedence over an unknown
/// one.
pub(crate) fn all_verified(streams: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for verified in streams {
        all = match (all, verified) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (None, _) | (_, None) => None,
            (Some(true), Some(true)) => Some(true),
        };
    }
    all
}

#[allow(clippy::trivially_copy_pass_by_ref)] // The signature that serde requires.
fn is_zero(count: &u64) -> bool {
    *count == 0
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
/// The worker names of two stages, without duplicates.
fn joined(one: Option<&str>, other: Option<&str>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) if !one.split(", ").any(|name| name == other) => {
            Some(format!("{one}, {other}"))
        }
        (one, other) => one.or(other).map(str::to_owned),
    }
}
