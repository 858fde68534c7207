use std::fmt;

use serde::{Deserialize, Serialize};

/// What comes instead of the end when a stream fails: why, and where it began.
///
/// `causes` holds what led to it, first cause first. A stage that fails because its input was
/// aborted adds itself and hides nothing, see [`passed_on_by`](Self::passed_on_by).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Abort {
    /// A stable word for programs.
    #[serde(default)]
    pub code: String,
    /// What went wrong, for people.
    #[serde(default)]
    pub message: String,
    /// The stage that failed, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The number of the item that it failed at, from 0, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u64>,
    /// What led to it, first cause first; empty if this is the first cause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Abort>,
}

impl Abort {
    /// The writer was dropped before it was closed.
    pub const DROPPED: &'static str = "writer_dropped";
    /// A stage returned while its output was open.
    pub const LEFT_OPEN: &'static str = "output_left_open";
    /// A function answered without having opened its streams.
    pub const NO_STAGE: &'static str = "no_stage";
    /// A stage failed because its input did.
    pub const INPUT_FAILED: &'static str = "input_failed";

    /// An abort that is its own first cause.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            stage: None,
            item: None,
            causes: Vec::new(),
        }
    }

    /// The abort of a writer that was dropped before it was closed.
    pub(crate) fn dropped() -> Self {
        let message = "the writer was dropped before it was closed, so the stream is incomplete";
        Self::new(Self::DROPPED, message)
    }

    /// The abort that the stage `stage` owes, which has returned and left its writer open.
    pub(crate) fn left_open(stage: impl Into<String>) -> Self {
        let message = "it has returned, but its output is still open; close the writer before the \
                       stage returns";
        Self::new(Self::LEFT_OPEN, message).at_stage(stage)
    }

    /// The abort that the function `stage` owes, which has answered and opened nothing.
    pub(crate) fn no_stage(stage: impl Into<String>) -> Self {
        let message = "it has answered without opening its streams; is it a stage?";
        Self::new(Self::NO_STAGE, message).at_stage(stage)
    }

    /// The same abort, said by the stage `stage`.
    #[must_use]
    pub fn at_stage(self, stage: impl Into<String>) -> Self {
        Self {
            stage: Some(stage.into()),
            ..self
        }
    }

    /// The same abort, at the item numbered `item` from 0.
    #[must_use]
    pub fn at_item(self, item: u64) -> Self {
        Self {
            item: Some(item),
            ..self
        }
    }

    /// What `stage` tells its own reader when its input ended in this abort.
    #[must_use]
    pub fn passed_on_by(mut self, stage: impl Into<String>) -> Self {
        let mut causes = std::mem::take(&mut self.causes);
        causes.push(self);
        let mut passed = Self::new(Self::INPUT_FAILED, "its input was aborted").at_stage(stage);
        passed.causes = causes;
        passed
    }

    /// The abort that began it all.
    pub fn first_cause(&self) -> &Self {
        self.causes.first().unwrap_or(self)
    }
}

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.first_cause();
        match (&first.stage, first.item) {
            (Some(stage), Some(item)) => write!(f, "stage {stage} at item {item}: ")?,
            (Some(stage), None) => write!(f, "stage {stage}: ")?,
            (None, Some(item)) => write!(f, "at item {item}: ")?,
            (None, None) => {}
        }
        f.write_str(&first.message)
    }
}

#[cfg(test)]
mod tests {
    use super::Abort;

    #[test]
    fn the_first_cause_stays_first_through_any_number_of_stages() {
        let abort = Abort::new("bad_input", "not a number")
            .at_stage("parse")
            .at_item(7);
        let passed = abort.clone().passed_on_by("sum").passed_on_by("print");
        assert_eq!(passed.first_cause(), &abort);
        assert_eq!(passed.stage.as_deref(), Some("print"));
        let stages: Vec<_> = passed
            .causes
            .iter()
            .map(|cause| cause.stage.as_deref())
            .collect();
        assert_eq!(stages, [Some("parse"), Some("sum")]);
        assert_eq!(passed.to_string(), "stage parse at item 7: not a number");
    }
}
