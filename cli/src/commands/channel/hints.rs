//! Hints for failed channel ends.

use pipewright::{ReadError, WriteError};

use crate::failure::Failure;

/// An end can be opened once, and expires.
const CONNECT: &str = "a ref opens its end once and expires; `pipewright channel create` makes \
                       another channel";

/// Converts an error of a reader to the failure of the command.
pub(super) fn read(error: ReadError) -> Failure {
    let hint = match &error {
        ReadError::Connect(_) => CONNECT,
        ReadError::Aborted(_) => {
            "what was written is a part of the stream; the log of whoever wrote it may say more"
        }
        ReadError::Compression { .. } => "write with another compression, or without one",
        _ => "what was written is a part of the stream; look at how its writer ended",
    };
    Failure::from(error).hint(hint)
}

/// Converts an error of a writer to the failure of the command.
pub(super) fn write(error: WriteError) -> Failure {
    let hint = match &error {
        WriteError::Connect(_) => CONNECT,
        WriteError::ReaderGone => {
            "a reader may leave when it has enough; what it did with it only it can tell"
        }
        _ => "the stream is not whole; look at how the engine and the reader are",
    };
    Failure::from(error).hint(hint)
}
