use std::fmt;
use std::io::{self, Write};

/// Says something on standard error. `eprintln!` would panic where nobody hears it.
pub(super) fn tell(words: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "{words}");
}
