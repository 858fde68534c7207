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
        }))
    }

    /// What a stage's own function returned, at the item numbered `item` if it was at one.
    ///
    /// An error of a channel inside it means what it means there: an aborted input is passed on,
    /// a reader that has gone is no failure of this stage, and the failure of a stage that was
    /// triggered is what it is.
    pub(crate) fn returned(stage: &str, item: Option<u64>, error: Error) -> Self {
        if let Some(failure) = error.downcast_ref::<Self>() {
            return failure.clone();
        }
        let mut failure = if let Some(abort) = error.abort() {
            return Self::from_abort(abort.clone().passed_on_by(stage)).caused_by(error);
        } else if error.chain().any(is_output_gone) {
            Self::new(Self::OUTPUT_GONE, stage, "its reader went away")
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

    /// The output of `stage` failed.
    pub(crate) fn output(stage: &str, error: WriteError) -> Self {
        Self::returned(stage, None, error.into())
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

    fn caused_by(mut self, error: Error) -> Self {
        self.0.source = Some(Arc::new(error));
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
        self.0.abort.code == Self::OUTPUT_GONE
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

fn is_output_gone(error: &(dyn std::error::Error + 'static)) -> bool {
    let error = match error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref)
    {
        Some(inner) => inner,
        None => error,
    };
    error
        .downcast_ref::<WriteError>()
        .is_some_and(WriteError::is_reader_gone)
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
