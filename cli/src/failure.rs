use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use pipewright::{CallError, ConnectError, EngineError, Error, ReadError, RunError, StageError};

use crate::exit::Exit;
use crate::log::is_json;
use crate::terminal::print_error::{SAID, print_error};
use crate::terminal::table::sanitized_lines;

/// The failure of a command: the error, a hint, and the exit status.
pub(super) struct Failure {
    error: Error,
    hint: Option<String>,
    /// Text before the error, possibly several lines.
    before: Option<String>,
    /// Additional information.
    note: Option<String>,
    exit: Exit,
}

impl Failure {
    /// Creates a failure from a message.
    pub(super) fn new(exit: Exit, message: impl std::fmt::Display) -> Self {
        Self {
            error: Error::msg(message),
            hint: None,
            before: None,
            note: None,
            exit,
        }
    }

    /// Adds a hint, a sentence without a full stop.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds text before the error, possibly several lines.
    pub(super) fn after(mut self, before: impl Into<String>) -> Self {
        self.before = Some(before.into());
        self
    }

    /// Adds a note, a sentence without a full stop.
    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// The exit status.
    pub(super) fn exit(&self) -> Exit {
        self.exit
    }

    /// Prints the failure to standard error. If standard output was closed, nothing is printed.
    pub(super) fn report(&self) {
        if self.exit == Exit::OutputClosed {
            return;
        }
        if is_json() {
            return self.log();
        }
        if let Some(before) = &self.before {
            print_error(format_args!("{before}\n"));
        }
        // Text of others must not control the terminal, or look like text of this program.
        let told = |label: &str, text: &str| {
            print_error(format_args!("{label}: {}", sanitized_lines(text)));
        };
        for (at, cause) in self.error.chain().enumerate() {
            let label = if at == 0 { "error" } else { "  because" };
            told(label, &plain(cause));
        }
        if let Some(note) = &self.note {
            told("note", note);
        }
        if let Some(hint) = &self.hint {
            told("hint", hint);
        }
    }

    /// The failure as an object: `message`, `causes` and the exit `status`.
    pub(super) fn to_json(&self) -> serde_json::Value {
        let mut causes: Vec<_> = self.error.chain().map(plain).collect();
        let message = causes.remove(0);
        serde_json::json!({ "message": message, "causes": causes, "status": self.exit as u8 })
    }

    /// Logs the failure on one line.
    fn log(&self) {
        let mut causes: Vec<_> = self.error.chain().map(plain).collect();
        let message = causes.remove(0);
        tracing::error!(
            target: SAID,
            causes = (!causes.is_empty()).then(|| causes.join(": ")),
            details = self.before.as_deref().map(str::trim_end),
            note = self.note.as_deref(),
            hint = self.hint.as_deref(),
            status = self.exit as u8,
            "{message}"
        );
    }
}

/// Advice in the library's error about the size of an item.
const ITEM_ADVICE: &str = "; raise it with `Receiver::limits(ItemLimits::DEFAULT.max_bytes(..))`";

/// Advice in the library's errors that does not help users of the program.
const ADVICE: [&str; 2] = [
    "; if it needs longer, raise the limit with `.timeout(..)`",
    ITEM_ADVICE,
];

/// The hint that replaces advice of the library.
fn hint_of(error: &Error) -> Option<String> {
    let is_item = |cause: &(dyn StdError + 'static)| cause.to_string().contains(ITEM_ADVICE);
    error.chain().any(is_item).then(|| {
        "`--max-item-bytes` raises the limit of `pipewright run`; the worker of a stage has its \
         own, `WorkerBuilder::item_limits`"
            .to_owned()
    })
}

/// The text of an error, without advice for users of the library.
fn plain(error: &(dyn StdError + 'static)) -> String {
    let text = error.to_string();
    ADVICE
        .iter()
        .fold(text, |text, advice| text.replace(advice, ""))
}

/// Prints only the error.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let exit = exit_of(&error);
        Self {
            hint: hint_of(&error),
            error,
            before: None,
            note: None,
            exit,
        }
    }
}

/// The exit status of an error, from the first of its causes that has one.
fn exit_of(error: &Error) -> Exit {
    if error.is_truncated() {
        return Exit::Truncated;
    }
    error.chain().find_map(known).unwrap_or(Exit::Failure)
}

fn known(error: &(dyn StdError + 'static)) -> Option<Exit> {
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return (error.kind() == io::ErrorKind::BrokenPipe).then_some(Exit::OutputClosed);
    }
    if let Some(error) = error.downcast_ref::<EngineError>() {
        return Some(match error {
            // The command line is correct: it works once the other program has ended.
            EngineError::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                Exit::Failure
            }
            _ => Exit::Usage,
        });
    }
    // Channel ends share their errors, so the source is shared as well.
    if error.is::<ConnectError>() || error.is::<Arc<ConnectError>>() {
        return Some(Exit::Unreachable);
    }
    if let Some(error) = error.downcast_ref::<ReadError>() {
        return match error {
            ReadError::Aborted(_) => Some(Exit::StageFailed),
            ReadError::Corrupt { .. } | ReadError::Protocol { .. } => Some(Exit::Truncated),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref::<RunError>() {
        return Some(match error.first_cause().code.as_str() {
            StageError::CANCELLED => Exit::Cancelled,
            RunError::ENGINE_LOST => Exit::Unreachable,
            StageError::INPUT_TRUNCATED => Exit::Truncated,
            StageError::BAD_PARAMS => Exit::Usage,
            _ => Exit::StageFailed,
        });
    }
    error.is::<CallError>().then_some(Exit::StageFailed)
}
