use std::fmt;
use std::sync::Arc;

use crate::channel::{ReadError, ReceiveError, SendError, WriteError, error_chain};
use crate::error::Error;
use crate::wire::Abort;

/// The failure of a stage, as seen by its run and by downstream stages.
///
/// One pointer wide, because it is passed in place of an item.
#[derive(Clone)]
pub struct StageError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    abort: Abort,
    source: Option<Arc<Error>>,
    kind: Kind,
    /// The name of the worker that ran the stage, if it is known.
    worker: Option<String>,
}

/// The meaning of a failure for the run, recorded where it occurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Failed,
    /// The reader of the stage's own output needs no more items.
    OutputGone,
    /// The stage's own output was lost; it is not known whether the reader or the engine is the
    /// cause.
    OutputLost,
    /// A function that is not a pipewright stage failed. It does not say whether its reader left.
    Foreign,
}

impl StageError {
    /// Code of a stage that returned an error.
    pub const FAILED: &'static str = "stage_failed";
    /// Code of a stage that panicked.
    pub const PANICKED: &'static str = "stage_panicked";
    /// Code of a stage whose parameters are invalid.
    pub const BAD_PARAMS: &'static str = "bad_params";
    /// Code of a stage that needs a resource which was not provided.
    pub const NO_RESOURCE: &'static str = "no_resource";
    /// Code of a stage that was called without a required ref.
    pub const BAD_REQUEST: &'static str = "bad_request";
    /// Code of a stage whose input was truncated.
    pub const INPUT_TRUNCATED: &'static str = "input_truncated";
    /// Code of a stage whose input is invalid.
    pub const BAD_INPUT: &'static str = "bad_input";
    /// Code of a stage whose reader has closed.
    pub const OUTPUT_GONE: &'static str = "output_gone";
    /// Code of a stage that lost the connection to its reader.
    pub const OUTPUT_LOST: &'static str = "output_lost";
    /// Code of a stage whose output could not be written.
    pub const BAD_OUTPUT: &'static str = "bad_output";
    /// Code of a stage that was cancelled.
    pub const CANCELLED: &'static str = "cancelled";

    /// Code of a stage whose copies cannot keep the order of items.
    pub const UNORDERED: &'static str = "order_not_kept";
    /// Code of a stage that no worker has registered.
    pub const NOT_FOUND: &'static str = "stage_not_found";
    /// Code of a stage whose worker disconnected.
    pub const LOST: &'static str = "stage_lost";

    /// Creates a failure that is its own first cause.
    pub(crate) fn new(code: &str, stage: &str, message: impl fmt::Display) -> Self {
        Self::from_abort(Abort::new(code, message.to_string()).at_stage(stage))
    }

    /// Converts an abort that was received or created elsewhere.
    pub(crate) fn from_abort(abort: Abort) -> Self {
        Self(Box::new(Inner {
            abort,
            source: None,
            kind: Kind::Failed,
            worker: None,
        }))
    }

    /// `stage` needs a resource of the type `name`, which was not provided.
    pub(crate) fn no_resource(stage: &str, name: &str) -> Self {
        let reason = format!(
            "no `{name}` was provided; call `Pipeline::provide` or `Worker::provide` before"
        );
        Self::new(Self::NO_RESOURCE, stage, reason)
    }

    /// `stage` did not end although it was stopped.
    pub(crate) fn unresponsive(stage: &str) -> Self {
        let reason = "it does not respond and was abandoned: its process hangs, or its worker \
                      cannot be reached";
        Self::new(Self::LOST, stage, reason)
    }

    /// The reader of the output of `stage` needs no more items.
    pub(crate) fn output_gone(stage: &str) -> Self {
        let mut gone = Self::new(Self::OUTPUT_GONE, stage, "its reader went away");
        gone.0.kind = Kind::OutputGone;
        gone
    }

    /// The output of `stage` was lost.
    fn output_lost(stage: &str, error: impl fmt::Display) -> Self {
        let mut lost = Self::new(Self::OUTPUT_LOST, stage, error);
        lost.0.kind = Kind::OutputLost;
        lost
    }

    /// The failure reported by a stage on another worker, which knows its own ends.
    pub(crate) fn answered(abort: Abort) -> Self {
        let kind = match abort.code.as_str() {
            Self::OUTPUT_GONE => Kind::OutputGone,
            Self::OUTPUT_LOST => Kind::OutputLost,
            _ => Kind::Failed,
        };
        let mut failure = Self::from_abort(abort);
        failure.0.kind = kind;
        failure
    }

    /// The failure of the function `stage`, which is not a stage of pipewright.
    pub(crate) fn foreign(code: &str, stage: &str, error: impl fmt::Display) -> Self {
        let mut failure = Self::new(code, stage, error);
        failure.0.kind = Kind::Foreign;
        failure
    }

    /// Converts the error of a stage's own function, at the item numbered `item` if any.
    ///
    /// If it contains an aborted stream, the causes of the abort are kept. If it contains the
    /// failure of a triggered stage, that failure is kept as it is. "The reader left" is a failure
    /// here: whether it was the reader of the stage's own output is recorded at that output; see
    /// [`StageEnding`](super::execution::ending::StageEnding).
    pub(crate) fn returned(stage: &str, item: Option<u64>, error: Error) -> Self {
        if let Some(failure) = error.downcast_ref::<Self>() {
            let mut failure = failure.clone();
            if failure.is_output_gone() || failure.is_output_lost() {
                // The failure of another stage, which this stage has started.
                Self::FAILED.clone_into(&mut failure.0.abort.code);
            }
            failure.0.kind = Kind::Failed;
            return failure;
        }
        let mut failure = if let Some(abort) = error.abort() {
            return Self::from_abort(abort.clone().passed_on_by(stage)).caused_by(error);
        } else if error.is_truncated() {
            Self::new(Self::INPUT_TRUNCATED, stage, format_args!("{error:#}"))
        } else {
            Self::new(Self::FAILED, stage, format_args!("{error:#}"))
        };
        failure.0.abort.item = item;
        failure.caused_by(error)
    }

    /// The input of `stage` failed.
    pub(crate) fn input(stage: &str, error: ReceiveError) -> Self {
        let failure = match &error {
            ReceiveError::Stream(ReadError::Aborted(abort)) => {
                Self::from_abort(abort.clone().passed_on_by(stage))
            }
            error if error.is_truncated() => Self::new(Self::INPUT_TRUNCATED, stage, error),
            ReceiveError::Item(bad) => {
                let mut failure = Self::new(Self::BAD_INPUT, stage, bad);
                failure.0.abort.item = Some(bad.number);
                failure
            }
            error => Self::new(Self::BAD_INPUT, stage, error),
        };
        failure.caused_by(error.into())
    }

    /// The stage's own output failed.
    pub(crate) fn output(stage: &str, error: WriteError) -> Self {
        match &error {
            error if error.is_reader_gone() => {
                Self::output_gone(stage).caused_by(error.clone().into())
            }
            WriteError::Lost(_) | WriteError::Ended { .. } => {
                Self::output_lost(stage, &error).caused_by(error.into())
            }
            _ => Self::returned(stage, None, error.into()),
        }
    }

    /// The failure of a stage whose output was lost earlier.
    pub(crate) fn lost_output(self, stage: &str) -> Self {
        let mut lost = Self::output_lost(stage, &self.0.abort.message);
        lost.0.source = self.0.source;
        lost
    }

    /// An item cannot be represented in the output's format.
    pub(crate) fn unwritable<T>(stage: &str, error: &SendError<T>) -> Self {
        let mut failure = Self::new(Self::BAD_OUTPUT, stage, error_chain(error));
        failure.0.abort.item = error.item_number();
        failure
    }

    /// A message cannot be sent.
    pub(crate) fn unwritable_message(stage: &str, error: &WriteError) -> Self {
        Self::new(Self::BAD_OUTPUT, stage, error)
    }

    /// The stage panicked.
    pub(crate) fn panicked(
        stage: &str,
        item: Option<u64>,
        panic: &(dyn std::any::Any + Send),
    ) -> Self {
        let text = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let mut failure = Self::new(Self::PANICKED, stage, format_args!("panicked: {text}"));
        failure.0.abort.item = item;
        failure
    }

    pub(crate) fn caused_by(mut self, error: Error) -> Self {
        self.0.source = Some(Arc::new(error));
        self
    }

    /// Whether the stage's own code failed for the stream as a whole: it returned an error or
    /// panicked outside of an item.
    pub(crate) fn is_of_code(&self) -> bool {
        let abort = &self.0.abort;
        let by_code = [Self::FAILED, Self::PANICKED].contains(&abort.code.as_str());
        by_code && abort.item.is_none() && abort.causes.is_empty()
    }

    /// Returns this failure as the cause of `consequence`.
    pub(crate) fn instead_of(mut self, consequence: Self) -> Self {
        self.0.source = consequence.0.source;
        self
    }

    /// The failure in its wire form: the first cause, the stage and the item.
    pub fn abort(&self) -> &Abort {
        &self.0.abort
    }

    /// The first cause.
    pub fn first_cause(&self) -> &Abort {
        self.0.abort.first_cause()
    }

    /// Sets the worker that ran the stage, unless it is known.
    pub(crate) fn on_worker(mut self, name: &str) -> Self {
        self.0.worker.get_or_insert_with(|| name.to_owned());
        self
    }

    /// The name of the worker that ran the failed stage. `None` for a stage within the process, or
    /// if another stage is the cause.
    pub fn worker(&self) -> Option<&str> {
        self.0.worker.as_deref().filter(|_| !self.is_passed_on())
    }

    /// Whether the stage only stopped because its reader had closed.
    pub fn is_output_gone(&self) -> bool {
        self.0.kind == Kind::OutputGone
    }

    /// Whether the stage lost the connection to its reader.
    pub(crate) fn is_output_lost(&self) -> bool {
        self.0.kind == Kind::OutputLost
    }

    /// Whether the failed function does not say what happened at its ends.
    pub(crate) fn is_foreign(&self) -> bool {
        self.0.kind == Kind::Foreign
    }

    /// Whether the failure may be caused by a lost connection to the engine.
    pub(crate) fn is_connection(&self) -> bool {
        let code = self.first_cause().code.as_str();
        self.is_output_lost()
            || [
                Self::INPUT_TRUNCATED,
                Self::OUTPUT_LOST,
                Self::LOST,
                Abort::DROPPED,
            ]
            .contains(&code)
    }

    /// Whether the failure started in another stage.
    pub fn is_passed_on(&self) -> bool {
        self.0.abort.code == Abort::INPUT_FAILED
    }

    /// The error returned by the stage's function, if it ran in this process.
    pub fn inner(&self) -> Option<&Error> {
        self.0.source.as_deref()
    }
}

impl std::error::Error for StageError {}

impl fmt::Display for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.abort, f)
    }
}

impl fmt::Debug for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageError")
            .field("abort", &self.0.abort)
            .finish_non_exhaustive()
    }
}
