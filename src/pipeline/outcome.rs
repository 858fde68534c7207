use super::run_error::RunError;
use super::run_report::{RunReport, StageSummary};
use crate::stage::StageError;

/// How all parts of a run ended.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub(super) stages: Vec<StageSummary>,
    /// In the order in which they came in.
    pub(super) failures: Vec<StageError>,
    /// Whether every stream was compared with the totals and the checksum of its writer.
    pub(super) verified: Option<bool>,
    pub(super) elapsed: std::time::Duration,
}

impl Outcome {
    /// The one result of the run, given the items that came out of it.
    pub(super) fn judge(self, items: u64) -> Result<RunReport, RunError> {
        // That a stage wanted no more, and those before it gave way, is no failure.
        let failed = self
            .failures
            .iter()
            .any(|failure| !failure.is_output_gone());
        match RunError::pick(self.failures).filter(|_| failed) {
            Some(error) => Err(error),
            None => Ok(RunReport {
                stages: self.stages,
                items,
                elapsed: self.elapsed,
                verified: self.verified,
            }),
        }
    }
}
