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
        ReadError::Aborted(_) => "only a part of the stream was read; see the log of its writer",
        ReadError::Compression { .. } => "write with another compression, or without one",
        _ => "only a part of the stream was read; check how its writer ended",
    };
    Failure::from(error).hint(hint)
}

/// Converts an error of a writer to the failure of the command.
pub(super) fn write(error: WriteError) -> Failure {
    let hint = match &error {
        WriteError::Connect(_) => CONNECT,
        WriteError::ReaderGone => {
            "a reader may close early, as `head` does; check the result of the reader"
        }
        _ => "the stream is incomplete; check the engine and the reader",
    };
    Failure::from(error).hint(hint)
}
