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
    /// Code of a run that lost its engine.
    pub const ENGINE_LOST: &'static str = "engine_lost";

    pub(super) fn new(cause: StageError, cascaded: Vec<StageError>) -> Self {
        Self(Box::new(Inner { cause, cascaded }))
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
        Self::new(cause, Vec::new())
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
