use std::fmt;

use crate::error::Error;
use crate::stage::StageError;
use crate::wire::Abort;

/// Why a run failed: the first cause, and what cascaded from it.
///
/// `Display` prints the first cause with its stage and item; `{:#}` lists the rest below it.
#[derive(Clone)]
pub struct RunError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    cause: StageError,
    cascaded: Vec<StageError>,
}

impl RunError {
    /// Code of a run that was not over by its deadline.
    pub const DEADLINE: &'static str = "deadline";
    /// Code of a run whose channels could not be made.
    pub const NO_CHANNELS: &'static str = "no_channels";

    /// Picks the cause out of the failures of all stages, in the order in which they came in.
    ///
    /// Failures differ in how much they explain: a stage's own error more than an input that
    /// broke off, and that more than one passed on or a reader that went. Among equals the first
    /// counts.
    pub(super) fn pick(mut failures: Vec<StageError>) -> Option<Self> {
        let at = (0..failures.len()).min_by_key(|&at| weight(&failures[at]))?;
        let cause = failures.remove(at);
        Some(Self(Box::new(Inner {
            cause,
            cascaded: failures,
        })))
    }

    /// What began it: stage, item, code and message.
    pub fn first_cause(&self) -> &Abort {
        self.0.cause.first_cause()
    }

    /// The failures that followed from the first cause, in other stages.
    pub fn cascaded(&self) -> impl Iterator<Item = &Abort> {
        self.0.cascaded.iter().map(StageError::abort)
    }

    /// The error that the stage's own function returned, where it ran in this process.
    pub fn inner(&self) -> Option<&Error> {
        self.0.cause.inner()
    }

    /// Whether the run was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.first_cause().code == StageError::CANCELLED
    }

    /// Whether the run was not over by its deadline.
    pub fn is_deadline(&self) -> bool {
        self.first_cause().code == Self::DEADLINE
    }
}

impl From<StageError> for RunError {
    fn from(cause: StageError) -> Self {
        Self(Box::new(Inner {
            cause,
            cascaded: Vec::new(),
        }))
    }
}

/// The less, the more it explains.
fn weight(failure: &StageError) -> u8 {
    match failure.abort().code.as_str() {
        _ if failure.is_passed_on() => 4,
        _ if failure.is_output_gone() => 5,
        StageError::CANCELLED | Abort::DROPPED => 3,
        StageError::INPUT_TRUNCATED => 2,
        StageError::LOST => 1,
        _ => 0,
    }
}

impl std::error::Error for RunError {}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.first_cause(), f)?;
        if f.alternate() {
            for failure in &self.0.cascaded {
                let abort = failure.abort();
                let stage = abort.stage.as_deref().unwrap_or("a stage");
                write!(f, "\n  then {stage}: {}", abort.message)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

#[cfg(test)]
mod tests {
    use super::RunError;
    use crate::stage::StageError;
    use crate::wire::Abort;

    #[test]
    fn the_failure_that_explains_most_is_the_cause() {
        let failed = StageError::new(StageError::FAILED, "b", "no");
        let passed = StageError::from_abort(failed.abort().clone().passed_on_by("c"));
        let gone = StageError::new(StageError::OUTPUT_GONE, "a", "its reader went away");
        let error = RunError::pick(vec![gone, passed, failed]).unwrap();
        assert_eq!(error.first_cause().stage.as_deref(), Some("b"));
        assert_eq!(error.to_string(), "stage b: no");
        let stages: Vec<_> = error
            .cascaded()
            .map(|abort| abort.stage.clone().unwrap())
            .collect();
        assert_eq!(stages, ["a", "c"]);
        assert!(RunError::pick(Vec::new()).is_none());
    }

    #[test]
    fn a_passed_on_failure_alone_still_names_its_first_cause() {
        let first = Abort::new("c", "m").at_stage("far").at_item(3);
        let error = RunError::pick(vec![StageError::from_abort(first.passed_on_by("near"))]);
        assert_eq!(error.unwrap().to_string(), "stage far at item 3: m");
    }
}
