use std::fmt;

use serde::{Deserialize, Serialize};

/// Replaces the end message when a stream fails. It states why the stream failed and where the
/// failure began.
///
/// `causes` lists the causes, first cause first. A stage that fails because its input was aborted
/// adds itself and keeps the other causes; see [`passed_on_by`](Self::passed_on_by).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Abort {
    /// A stable code for programs.
    #[serde(default)]
    pub code: String,
    /// A description for people.
    #[serde(default)]
    pub message: String,
    /// The stage that failed, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The number of the item at which it failed, from 0, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u64>,
    /// The causes, first cause first. Empty if this is the first cause.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Abort>,
}

impl Abort {
    /// The writer was dropped without being closed.
    pub const DROPPED: &'static str = "writer_dropped";
    /// A stage returned without closing its output.
    pub const LEFT_OPEN: &'static str = "output_left_open";
    /// A function returned a result without opening its streams.
    pub const NO_STAGE: &'static str = "no_stage";
    /// A stage failed because its input failed.
    pub const INPUT_FAILED: &'static str = "input_failed";

    /// Creates an abort that is its own first cause.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            stage: None,
            item: None,
            causes: Vec::new(),
        }
    }

    /// The abort of a writer that was dropped without being closed.
    pub(crate) fn dropped() -> Self {
        let message = "the writer was dropped before it was closed, so the stream is incomplete";
        Self::new(Self::DROPPED, message)
    }

    /// The abort sent on behalf of `stage`, which returned without closing its writer.
    pub(crate) fn left_open(stage: impl Into<String>) -> Self {
        let message = "it has returned, but its output is still open; close the writer before the \
                       stage returns";
        Self::new(Self::LEFT_OPEN, message).at_stage(stage)
    }

    /// The abort sent on behalf of the function `stage`, which returned a result without opening
    /// its streams.
    pub(crate) fn no_stage(stage: impl Into<String>) -> Self {
        let message = "it has answered without opening its streams; is it a stage?";
        Self::new(Self::NO_STAGE, message).at_stage(stage)
    }

    /// Returns this abort with its stage set.
    #[must_use]
    pub fn at_stage(self, stage: impl Into<String>) -> Self {
        Self {
            stage: Some(stage.into()),
            ..self
        }
    }

    /// Returns this abort with its item number set, counted from 0.
    #[must_use]
    pub fn at_item(self, item: u64) -> Self {
        Self {
            item: Some(item),
            ..self
        }
    }

    /// Returns the abort that `stage` sends to its own reader when its input ended with this abort.
    #[must_use]
    pub fn passed_on_by(mut self, stage: impl Into<String>) -> Self {
        let mut causes = std::mem::take(&mut self.causes);
        causes.push(self);
        let mut passed = Self::new(Self::INPUT_FAILED, "its input was aborted").at_stage(stage);
        passed.causes = causes;
        passed
    }

    /// The first cause.
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
