use std::fmt;
use std::sync::Arc;

use crate::channel::{ReadError, ReceiveError, SendError, WriteError, error_chain};
use crate::error::Error;
use crate::wire::Abort;

/// Why a stage failed, as its run and the stages after it see it.
///
/// One pointer wide, because it travels in the place of an item.
#[derive(Clone)]
pub struct StageError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    abort: Abort,
    source: Option<Arc<Error>>,
    kind: Kind,
}

/// What a failure means to the run, as recorded where it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Failed,
    /// The reader of the stage's own output wanted no more.
    OutputGone,
    /// The stage's own output was lost; whether its reader left or the engine, is not known.
    OutputLost,
}

impl StageError {
    /// Code of a stage that returned an error.
    pub const FAILED: &'static str = "stage_failed";
    /// Code of a stage that panicked.
    pub const PANICKED: &'static str = "stage_panicked";
    /// Code of a stage whose parameters cannot be read.
    pub const BAD_PARAMS: &'static str = "bad_params";
    /// Code of a stage that was called without a ref that it needs.
    pub const BAD_REQUEST: &'static str = "bad_request";
    /// Code of a stage whose input broke off.
    pub const INPUT_TRUNCATED: &'static str = "input_truncated";
    /// Code of a stage whose input cannot be read.
    pub const BAD_INPUT: &'static str = "bad_input";
    /// Code of a stage whose reader went away.
    pub const OUTPUT_GONE: &'static str = "output_gone";
    /// Code of a stage that lost the connection to its reader.
    pub const OUTPUT_LOST: &'static str = "output_lost";
    /// Code of a stage that cannot write its output.
    pub const BAD_OUTPUT: &'static str = "bad_output";
    /// Code of a stage that was cancelled.
    pub const CANCELLED: &'static str = "cancelled";

    /// Code of a stage that copies of cannot keep the order of.
    pub const UNORDERED: &'static str = "order_not_kept";
    /// Code of a stage that no worker has.
    pub const NOT_FOUND: &'static str = "stage_not_found";
    /// Code of a stage whose worker went away.
    pub const LOST: &'static str = "stage_lost";

    /// A failure that begins here.
    pub(crate) fn new(code: &str, stage: &str, message: impl fmt::Display) -> Self {
        Self::from_abort(Abort::new(code, message.to_string()).at_stage(stage))
    }

    /// An abort that was received or made elsewhere.
    pub(crate) fn from_abort(abort: Abort) -> Self {
        Self(Box::new(Inner {
            abort,
            source: None,
            kind: Kind::Failed,
        }))
    }

    /// The reader of the output of `stage` wants no more.
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

    /// What a stage on another worker has answered: it knows its own ends.
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

    /// What a stage's own function returned, at the item numbered `item` if it was at one.
    ///
    /// An aborted stream in it is passed on, and the failure of a stage that was triggered is what
    /// it is. That a reader went away is a failure here: whether it was the reader of the stage's
    /// own output is recorded at that output, see [`StageEnding`](super::ending::StageEnding).
    pub(crate) fn returned(stage: &str, item: Option<u64>, error: Error) -> Self {
        if let Some(failure) = error.downcast_ref::<Self>() {
            let mut failure = failure.clone();
            if failure.0.kind != Kind::Failed {
                // Of another stage that this one has started.
                failure.0.kind = Kind::Failed;
                Self::FAILED.clone_into(&mut failure.0.abort.code);
            }
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
            WriteError::ReaderGone => Self::output_gone(stage).caused_by(error.into()),
            WriteError::Lost(_) | WriteError::Ended { .. } => {
                Self::output_lost(stage, &error).caused_by(error.into())
            }
            _ => Self::returned(stage, None, error.into()),
        }
    }

    /// The failure of a stage whose output was lost before.
    pub(crate) fn lost_output(self, stage: &str) -> Self {
        let mut lost = Self::output_lost(stage, &self.0.abort.message);
        lost.0.source = self.0.source;
        lost
    }

    /// An item cannot be written in the output's format.
    pub(crate) fn unwritable<T>(stage: &str, error: &SendError<T>) -> Self {
        let mut failure = Self::new(Self::BAD_OUTPUT, stage, error_chain(error));
        failure.0.abort.item = error.item_number();
        failure
    }

    /// A message cannot be written.
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

    /// Whether the failure is what the stage's own code made of its stream as a whole: it has
    /// returned an error or panicked, and not at one item.
    pub(crate) fn is_of_code(&self) -> bool {
        let abort = &self.0.abort;
        let by_code = [Self::FAILED, Self::PANICKED].contains(&abort.code.as_str());
        by_code && abort.item.is_none() && abort.causes.is_empty()
    }

    /// This failure, which led to `consequence`.
    pub(crate) fn instead_of(mut self, consequence: Self) -> Self {
        self.0.source = consequence.0.source;
        self
    }

    /// The failure as it travels: the first cause, the stage, the item.
    pub fn abort(&self) -> &Abort {
        &self.0.abort
    }

    /// The failure that began it all.
    pub fn first_cause(&self) -> &Abort {
        self.0.abort.first_cause()
    }

    /// Whether the stage only gave way because its reader had gone.
    pub fn is_output_gone(&self) -> bool {
        self.0.kind == Kind::OutputGone
    }

    /// Whether the stage lost the connection to its reader.
    pub(crate) fn is_output_lost(&self) -> bool {
        self.0.kind == Kind::OutputLost
    }

    /// Whether the failure may come from a connection to the engine that was lost.
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

    /// Whether the failure began in another stage.
    pub fn is_passed_on(&self) -> bool {
        self.0.abort.code == Abort::INPUT_FAILED
    }

    /// The error that the stage's function returned, where it ran in this process.
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
