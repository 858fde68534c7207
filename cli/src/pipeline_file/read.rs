use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use super::entries::FileEntry;
use super::mistake::Mistake;
use super::variables::{environment, substitute};
use crate::engine_client::similar::similar;

/// Parses the entries of a file, with the values of environment variables.
pub(super) fn read(text: &str) -> Result<FileEntry, Vec<Mistake>> {
    let mut document = DeTable::parse(text).map_err(|error| vec![mistake(&error, text)])?;
    let mut mistakes = Vec::new();
    substitute(document.get_mut(), text, &environment, &mut mistakes);
    for value in document.get_ref().values() {
        refuse_unrepresentable(value, &mut mistakes);
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let document = Deserializer::from(document);
    FileEntry::deserialize(document).map_err(|error| vec![mistake(&error, text)])
}

/// Collects the values that JSON cannot represent, because parameters and metadata are sent as
/// JSON.
fn refuse_unrepresentable(value: &Spanned<DeValue<'_>>, mistakes: &mut Vec<Mistake>) {
    let kind = match value.get_ref() {
        DeValue::Datetime(_) => "a date or time is not a JSON value",
        DeValue::Float(float) if !is_number(float.as_str()) => "JSON has no such number",
        DeValue::Array(values) => {
            for value in values {
                refuse_unrepresentable(value, mistakes);
            }
            return;
        }
        DeValue::Table(table) => {
            for value in table.values() {
                refuse_unrepresentable(value, mistakes);
            }
            return;
        }
        _ => return,
    };
    let mistake = Mistake::new(value.span(), kind);
    mistakes.push(mistake.hint("write it as a string, in quotes"));
}

/// Whether a float is finite.
fn is_number(float: &str) -> bool {
    float.parse().is_ok_and(f64::is_finite)
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
