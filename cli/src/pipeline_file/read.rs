use toml::de::Error;

use super::entries::FileEntry;
use super::mistake::Mistake;
use crate::engine_client::similar::similar;

/// Parses the entries of a file.
pub(super) fn read(text: &str) -> Result<FileEntry, Vec<Mistake>> {
    toml::from_str(text).map_err(|error| vec![mistake(&error, text)])
}

fn mistake(error: &Error, text: &str) -> Mistake {
    let span = error.span().unwrap_or(0..text.len());
    // serde names the given value first, then the accepted ones.
    let mut quoted = error.message().split('`').skip(1).step_by(2);
    let meant = match quoted.next() {
        Some(given) if is_choice(error.message()) => similar(given, quoted),
        _ => None,
    };
    let mistake = Mistake::new(span, error.message());
    match meant {
        Some(meant) => mistake.hint(format!("did you mean `{meant}`?")),
        None => mistake,
    }
}

fn is_choice(message: &str) -> bool {
    message.starts_with("unknown field") || message.starts_with("unknown variant")
}
