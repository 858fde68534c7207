use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::source::is_source;
use crate::stage::StageReport;

/// The statistics of a run, stage by stage.
///
/// `Display` prints a table and names the bottleneck. It serialises as its fields, with
/// `elapsed_us` in microseconds instead of `elapsed`. The reports name the workers of the stages.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct RunReport {
    /// The stages in order; a source that is not a stage is named `source`.
    pub stages: Vec<StageSummary>,
    /// Number of output items of the pipeline.
    pub items: u64,
    /// Whether every stream of the run matched the totals of its writer, and its checksum if it
    /// sent one. `false` if a writer sent no totals, such as a stage on a plain SDK. `None` if a
    /// stage did not report it, and for a run within the process, which has no streams.
    pub verified: Option<bool>,
    /// Time from the start of the run to its end.
    #[serde(rename = "elapsed_us", serialize_with = "micros")]
    pub elapsed: Duration,
}

fn micros<S: Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    serializer.serialize_u64(micros)
}

/// One stage of a run.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct StageSummary {
    /// The stage's id.
    pub stage: String,
    /// Its statistics; `None` if the stage reported none.
    pub report: Option<StageReport>,
}

impl RunReport {
    /// Number of items that were skipped because they could not be processed, and how many of them
    /// became dead letters.
    pub fn skipped(&self) -> (u64, u64) {
        let reports = self.stages.iter().filter_map(|stage| stage.report.as_ref());
        reports.fold((0, 0), |(skipped, dead), report| {
            (skipped + report.items_skipped, dead + report.items_dead)
        })
    }

    /// The stage that held up the others: the one that worked longest. A source that finished
    /// immediately does not count, because it held up no other stage.
    ///
    /// `None` if nothing was measured, as in a run within one process, where stages take turns
    /// instead of waiting.
    pub fn bottleneck(&self) -> Option<&StageSummary> {
        let worked = |summary: &&StageSummary| {
            let report = summary.report.as_ref();
            report.map_or(Duration::ZERO, |report| {
                report.elapsed().mul_f64(report.working())
            })
        };
        self.stages
            .iter()
            .filter(|summary| {
                summary
                    .report
                    .as_ref()
                    .is_some_and(|report| report.elapsed_us > 0)
            })
            .max_by_key(worked)
    }
}

impl RunReport {
    /// Whether the stages ran on several workers, so that the report should name them.
    fn is_spread(&self) -> bool {
        let reports = self.stages.iter().filter_map(|stage| stage.report.as_ref());
        let mut workers = reports.filter_map(|report| report.worker.as_ref());
        let first = workers.next();
        workers.any(|worker| Some(worker) != first)
    }
}

impl fmt::Display for RunReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self
            .stages
            .iter()
            .map(|stage| stage.stage.len())
            .max()
            .unwrap_or(0)
            .max(5);
        let (skipped, dead) = self.skipped();
        write!(
            f,
            "{:width$}  {:>12} {:>12} {:>14} {:>14} {:>8} {:>8} {:>8}",
            "stage",
            "items in",
            "items out",
            "bytes in",
            "bytes out",
            "wait in",
            "wait out",
            "work",
        )?;
        if skipped > 0 {
            write!(f, " {:>12} {:>12}", "skipped", "dead letters")?;
        }
        writeln!(f)?;
        for StageSummary { stage, report } in &self.stages {
            let Some(report) = report else {
                writeln!(f, "{stage:width$}  (no report)")?;
                continue;
            };
            write!(
                f,
                "{stage:width$}  {:>12} {:>12} {:>14} {:>14}",
                report.items_in, report.items_out, report.bytes_in, report.bytes_out,
            )?;
            let shares = [
                report.waiting_for_input(),
                report.waiting_for_output(),
                report.working(),
            ];
            for share in shares {
                if report.elapsed_us == 0 || (is_source(stage) && share == 0.0) {
                    write!(f, " {:>8}", "-")?;
                } else {
                    write!(f, " {:>7.0}%", share * 100.0)?;
                }
            }
            if skipped > 0 {
                write!(f, " {:>12} {:>12}", report.items_skipped, report.items_dead)?;
            }
            match &report.worker {
                Some(worker) if self.is_spread() => writeln!(f, "  on {worker}")?,
                _ => writeln!(f)?,
            }
        }
        write!(
            f,
            "{} items in {:.3} s, complete",
            self.items,
            self.elapsed.as_secs_f64()
        )?;
        if skipped > 0 {
            write!(f, ", {skipped} skipped")?;
        }
        if dead > 0 {
            write!(f, ", {dead} of them dead letters")?;
        }
        if let Some(verified) = self.verified {
            f.write_str(if verified {
                ", verified"
            } else {
                ", unverified"
            })?;
        }
        if let Some(bottleneck) = self.bottleneck() {
            write!(f, "; bottleneck: {}", bottleneck.stage)?;
        }
        Ok(())
    }
}
