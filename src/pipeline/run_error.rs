use std::fmt;

use serde::{Serialize, Serializer};

use crate::error::Error;
use crate::stage::StageError;
use crate::wire::Abort;

/// The name of the run's own end in errors.
pub(super) const RUN: &str = "run";

/// The error of a run: the first cause, and the failures that followed from it.
///
/// `Display` prints the first cause with its stage and item; `{:#}` also lists the other failures.
/// It serialises as the first cause with the additional fields `worker`, `infrastructure` and
/// `cascaded`.
#[derive(Clone)]
pub struct RunError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    cause: StageError,
    cascaded: Vec<StageError>,
}

impl RunError {
    /// Code of a run that exceeded its deadline.
    pub const DEADLINE: &'static str = "deadline";
    /// Code of a run whose channels could not be created.
    pub const NO_CHANNELS: &'static str = "no_channels";
    /// Code of a run that must have exactly one output item, but had none or several.
    pub const NOT_ONE: &'static str = "not_one_item";
    /// Code of a run that lost its engine.
    pub const ENGINE_LOST: &'static str = "engine_lost";

    pub(super) fn new(cause: StageError, cascaded: Vec<StageError>) -> Self {
        Self(Box::new(Inner { cause, cascaded }))
    }

    /// The first cause: stage, item, code and message.
    pub fn first_cause(&self) -> &Abort {
        self.0.cause.first_cause()
    }

    /// The failures of other stages that followed from the first cause.
    pub fn cascaded(&self) -> impl Iterator<Item = &Abort> {
        self.0.cascaded.iter().map(StageError::abort)
    }

    /// The error returned by the stage's own function, if it ran in this process.
    pub fn inner(&self) -> Option<&Error> {
        self.0.cause.inner()
    }

    /// The name of the worker that ran the failed stage. `None` for a stage within this process, or
    /// if it is not known.
    pub fn worker(&self) -> Option<&str> {
        self.0.cause.worker()
    }

    /// Whether the run was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.first_cause().code == StageError::CANCELLED
    }

    /// Whether the run exceeded its deadline.
    pub fn is_deadline(&self) -> bool {
        self.first_cause().code == Self::DEADLINE
    }

    /// Whether the run failed because of the infrastructure, not because of its data or code: the
    /// engine, a connection or a worker was lost or could not be reached.
    ///
    /// The same run may succeed later. Items that this run has already output are not undone.
    pub fn is_infrastructure(&self) -> bool {
        let code = self.first_cause().code.as_str();
        let unreachable = [Self::ENGINE_LOST, Self::NO_CHANNELS, StageError::NOT_FOUND];
        // A dropped writer is a fault of the code that dropped it.
        unreachable.contains(&code) || (code != Abort::DROPPED && self.0.cause.is_connection())
    }
}

impl From<StageError> for RunError {
    fn from(cause: StageError) -> Self {
        Self::new(cause, Vec::new())
    }
}

impl Serialize for RunError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Fields<'e> {
            #[serde(flatten)]
            cause: &'e Abort,
            #[serde(skip_serializing_if = "Option::is_none")]
            worker: Option<&'e str>,
            infrastructure: bool,
            cascaded: Vec<&'e Abort>,
        }
        let fields = Fields {
            cause: self.first_cause(),
            worker: self.worker(),
            infrastructure: self.is_infrastructure(),
            cascaded: self.cascaded().collect(),
        };
        fields.serialize(serializer)
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
    fn only_lost_and_unreachable_peers_are_infrastructure() {
        for (code, expected) in [
            (RunError::ENGINE_LOST, true),
            (RunError::NO_CHANNELS, true),
            (StageError::NOT_FOUND, true),
            (StageError::LOST, true),
            (StageError::INPUT_TRUNCATED, true),
            (StageError::OUTPUT_LOST, true),
            (StageError::FAILED, false),
            (StageError::UNORDERED, false),
            (RunError::DEADLINE, false),
            (Abort::DROPPED, false),
        ] {
            let error = RunError::from(StageError::new(code, "stage", "reason"));
            assert_eq!(error.is_infrastructure(), expected, "{code}");
        }
    }
}
