use std::time::Duration;

use super::ending::{End, Ending};
use super::run_error::RunError;
use super::run_report::{RunReport, StageSummary};
use crate::stage::StageError;

/// The results of all parts of a run.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub(super) stages: Vec<StageSummary>,
    pub(super) ending: Ending,
    /// Whether every stream matched the totals and the checksum of its writer.
    pub(super) verified: Option<bool>,
    pub(super) elapsed: Duration,
}

impl Outcome {
    /// The result of the run, given the number of its output items and how its output failed.
    pub(super) fn verifier(
        mut self,
        items: u64,
        failure: Option<StageError>,
    ) -> Result<RunReport, RunError> {
        if let Some(failure) = failure {
            self.ending.failed(failure);
        }
        match self.ending.verifier() {
            End::Complete => {}
            End::StoppedEarly(edges) => {
                tracing::debug!(?edges, "readers wanted no more before the end");
            }
            End::Failed(error) | End::Cancelled(error) | End::Deadline(error) => {
                return Err(error);
            }
        }
        Ok(RunReport {
            stages: self.stages,
            items,
            elapsed: self.elapsed,
            verified: self.verified,
        })
    }
}
