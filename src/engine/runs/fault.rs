use std::time::Instant;

use super::redact::redact;
use crate::wire::{Abort, ErrorBody};

/// Maximum number of causes kept for one error.
const MOST_CAUSES: usize = 16;

/// The code of a stage that stopped because its reader had left.
const GAVE_WAY: &str = "output_gone";

/// A reported error.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: Instant,
    /// The number of consecutive occurrences.
    pub(super) count: u64,
    /// Where it started.
    pub(super) first: Cause,
    /// The function whose call failed, and other functions that failed for the same cause.
    pub(super) functions: Vec<String>,
    /// The worker where it started, if that worker reported it.
    pub(super) worker: Option<String>,
    /// The number of its run, if it has one.
    pub(super) run: Option<u64>,
}

/// The message and origin of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    pub(super) stage: Option<String>,
    pub(super) item: Option<u64>,
    pub(super) code: String,
    pub(super) message: String,
}

impl Cause {
    fn of(abort: &Abort) -> Self {
        Self {
            stage: abort.stage.as_deref().map(redact),
            item: abort.item,
            code: redact(&abort.code),
            message: redact(&abort.message),
        }
    }
}

/// An error as reported in the result of a call.
#[derive(Debug)]
pub(super) struct ReportedError {
    pub(super) first: Cause,
    /// The stages that it passed through after the first, in order.
    pub(super) through: Vec<String>,
    /// Whether it only follows from a reader that disconnected.
    pub(super) gave_way: bool,
}

impl ReportedError {
    /// Parses the error of a call. A pipewright stage includes its causes in the message.
    pub(super) fn read(error: &ErrorBody) -> Self {
        let abort = serde_json::from_str::<Abort>(&error.message);
        let Some(abort) = abort.ok().filter(|abort| abort.code == error.code) else {
            let first = Cause {
                stage: None,
                item: None,
                code: redact(&error.code),
                message: redact(&error.message),
            };
            return Self {
                gave_way: error.code == GAVE_WAY,
                through: Vec::new(),
                first,
            };
        };
        let later = abort.causes.iter().skip(1).chain(
            // The function that reported last is not a cause.
            (!abort.causes.is_empty()).then_some(&abort),
        );
        Self {
            first: Cause::of(abort.first_cause()),
            through: later
                .take(MOST_CAUSES)
                .filter_map(|cause| cause.stage.as_deref().map(redact))
                .collect(),
            gave_way: abort.code == GAVE_WAY,
        }
    }

    /// The first cause on one line.
    pub(super) fn line(&self) -> String {
        format!("{} ({})", self.first.message, self.first.code)
    }
}

#[cfg(test)]
mod tests {
    use super::ReportedError;
    use crate::wire::{Abort, ErrorBody};

    #[test]
    fn a_stage_tells_its_causes_and_others_their_words() {
        let abort = Abort::new("stage_failed", "not a number")
            .at_stage("parse")
            .at_item(7);
        let passed = abort.passed_on_by("sum").passed_on_by("print");
        let message = serde_json::to_string(&passed).unwrap();
        let told = ReportedError::read(&ErrorBody::new(passed.code, message));
        assert_eq!(told.first.stage.as_deref(), Some("parse"));
        assert_eq!(told.first.item, Some(7));
        assert_eq!(told.line(), "not a number (stage_failed)");
        assert_eq!(told.through, ["sum", "print"]);

        let plain = ReportedError::read(&ErrorBody::new("invocation_failed", "disk full"));
        assert_eq!(plain.line(), "disk full (invocation_failed)");
        assert!(plain.first.stage.is_none() && plain.through.is_empty() && !plain.gave_way);
    }

    #[test]
    fn no_key_is_kept() {
        let key = "0123456789abcdef".repeat(4);
        let told = ReportedError::read(&ErrorBody::new("c", format!("no channel with {key}")));
        assert!(!format!("{told:?}").contains(&key));
    }
}
