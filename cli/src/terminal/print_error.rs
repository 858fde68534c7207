use std::fmt;
use std::io::{self, Write};

use crate::log::{Lines, is_json};

/// The target of the program's messages in a JSON log.
pub(crate) const SAID: &str = "pipewright::said";

/// Prints a message to standard error. `eprintln!` would panic if it is closed.
pub(crate) fn print_error(words: impl fmt::Display) {
    if is_json() {
        let words = words.to_string();
        let words = words.trim_end();
        if !words.is_empty() {
            tracing::info!(target: SAID, "{words}");
        }
    } else {
        // Without standard error, there is no place for it.
        let _ = write_stderr(format!("{words}\n").as_bytes());
    }
}

/// Writes whole lines to standard error, above a progress display and even if it is non-blocking.
pub(crate) fn write_stderr(text: &[u8]) -> io::Result<()> {
    Lines.write_all(text)
}
