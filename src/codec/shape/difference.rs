//! Compares two schemas and describes their differences in readable text.
//!
//! One schema comes from the peer and may be anything, so neither its size nor its references are
//! trusted.

use std::collections::HashSet;
use std::fmt::Write;

use serde_json::Value;

use super::schema::UNKNOWN;
use super::view::{Document, Member, View};

#[cfg(test)]
mod tests;

/// Maximum number of reported differences.
const MAX_TOLD: usize = 12;
/// Maximum number of levels to compare; a chain of types from the peer could be longer.
const MAX_DEPTH: usize = 128;

/// Returns the differences between the schema of a stream and the expected one. Empty if the bytes
/// mean the same in both.
///
/// Order matters, and so do the names of fields and variants: with equal types and different names,
/// the bytes can be read but probably mean something else. Names of types do not matter.
pub(crate) fn differences(stream: &Value, here: &Value) -> Vec<String> {
    if stream == here {
        return Vec::new();
    }
    let mut comparison = Comparison {
        stream: Document::new(stream),
        here: Document::new(here),
        compared: HashSet::new(),
        found: Vec::new(),
    };
    comparison.compare("", stream, here, 0);
    let mut found = comparison.found;
    if let Some(more) = found.len().checked_sub(MAX_TOLD).filter(|more| *more > 0) {
        found.truncate(MAX_TOLD);
        found.push(format!("and {more} more"));
    }
    found
}

struct Comparison<'a> {
    stream: Document<'a>,
    here: Document<'a>,
    /// Pairs whose comparison has started. A recursive type returns to one of them, and one
    /// comparison is enough.
    compared: HashSet<(*const Value, *const Value)>,
    found: Vec<String>,
}

impl<'a> Comparison<'a> {
    fn compare(&mut self, at: &str, stream: &'a Value, here: &'a Value, depth: usize) {
        let stream = self.stream.resolve(stream);
        let here = self.here.resolve(here);
        let pair = (std::ptr::from_ref(stream), std::ptr::from_ref(here));
        if !self.compared.insert(pair) {
            return;
        }
        if depth > MAX_DEPTH {
            self.found
                .push(format!("{}: nested too deep to compare", place(at)));
            return;
        }
        let depth = depth + 1;
        match (View::of(stream), View::of(here)) {
            (View::Scalar(UNKNOWN), _) | (_, View::Scalar(UNKNOWN)) => {}
            (View::Scalar(a), View::Scalar(b)) if a == b => {}
            (View::Option(a), View::Option(b)) => self.compare(at, a, b, depth),
            (View::List(a), View::List(b)) => self.compare(&format!("{at}[]"), a, b, depth),
            (View::Map(a), View::Map(b)) => {
                self.compare(&format!("{at}[key]"), a.0, b.0, depth);
                self.compare(&format!("{at}[value]"), a.1, b.1, depth);
            }
            (View::Array(a, a_len), View::Array(b, b_len)) if a_len == b_len => {
                self.compare(&format!("{at}[]"), a, b, depth);
            }
            // A tuple of equal parts is an array, unless some of them are not known.
            (View::Array(a, len), View::Fields(b)) if is_in_part(&b, len) => {
                for (number, b) in b.iter().enumerate() {
                    self.compare(&format!("{at}.{number}"), a, b.of, depth);
                }
            }
            (View::Fields(a), View::Array(b, len)) if is_in_part(&a, len) => {
                for (number, a) in a.iter().enumerate() {
                    self.compare(&format!("{at}.{number}"), a.of, b, depth);
                }
            }
            (View::Fields(a), View::Fields(b)) => {
                self.members(at, &FIELDS, (&a, &b), depth);
            }
            (View::Variants(a), View::Variants(b)) => {
                self.members(at, &VARIANTS, (&a, &b), depth);
            }
            _ => {
                let a = self.stream.name(stream);
                let b = self.here.name(here);
                self.found
                    .push(format!("{}: {a} in the stream, {b} here", place(at)));
            }
        }
    }

    /// Compares fields or variants: those with the same name with each other, the others by
    /// position.
    fn members(
        &mut self,
        at: &str,
        words: &Words,
        (stream, here): (&[Member<'a>], &[Member<'a>]),
        depth: usize,
    ) {
        if stream
            .iter()
            .chain(here)
            .any(|member| member.name.is_none())
        {
            self.unnamed(at, words, (stream, here), depth);
            return;
        }
        let names = |members: &[Member<'a>]| -> HashSet<_> {
            members.iter().map(|member| member.name).collect()
        };
        let (in_stream, in_here) = (names(stream), names(here));
        let mut renamed = HashSet::new();
        for (number, a) in stream.iter().enumerate() {
            if in_here.contains(&a.name) {
                if let Some(b) = here.iter().find(|b| b.name == a.name) {
                    self.compare(&words.join(at, a.shown()), a.of, b.of, depth);
                }
                continue;
            }
            let a_type = self.stream.name(a.of);
            match here.get(number) {
                Some(b) if !in_stream.contains(&b.name) && self.here.name(b.of) == a_type => {
                    renamed.insert(number);
                    let (a, b) = (a.shown(), b.shown());
                    let (number, word, of) = (number + 1, words.one, of(at));
                    self.found.push(format!(
                        "{word} {number}{of} is `{a}` in the stream and `{b}` here"
                    ));
                }
                _ => {
                    let name = words.join(at, a.shown());
                    self.found
                        .push(format!("`{name}`: {a_type} in the stream, missing here"));
                }
            }
        }
        for (number, b) in here.iter().enumerate() {
            if !in_stream.contains(&b.name) && !renamed.contains(&number) {
                let name = words.join(at, b.shown());
                let b_type = self.here.name(b.of);
                self.found
                    .push(format!("`{name}`: missing in the stream, {b_type} here"));
            }
        }
        let common = |members: &[Member<'a>], other: &HashSet<_>| -> Vec<_> {
            let common = members.iter().filter(|member| other.contains(&member.name));
            common.map(Member::shown).collect()
        };
        let (a, b) = (common(stream, &in_here), common(here, &in_stream));
        if a != b {
            let (many, of) = (words.many, of(at));
            let (a, b) = (listed(&a), listed(&b));
            self.found
                .push(format!("order of {many}{of}: {a} in the stream, {b} here"));
        }
    }

    /// Compares members by position, because one side has no names.
    fn unnamed(
        &mut self,
        at: &str,
        words: &Words,
        (stream, here): (&[Member<'a>], &[Member<'a>]),
        depth: usize,
    ) {
        for (number, (a, b)) in stream.iter().zip(here).enumerate() {
            let name = if a.name.is_some() {
                a.shown()
            } else if b.name.is_some() {
                b.shown()
            } else {
                number.to_string()
            };
            self.compare(&words.join(at, name), a.of, b.of, depth);
        }
        if stream.len() != here.len() {
            let (place, many) = (place(at), words.many);
            let (a, b) = (stream.len(), here.len());
            self.found
                .push(format!("{place}: {a} {many} in the stream, {b} here"));
        }
    }
}

/// Whether these are the parts of a tuple of this length, some of them unknown.
fn is_in_part(parts: &[Member<'_>], len: u64) -> bool {
    parts.len() as u64 == len && parts.iter().any(|part| part.of == UNKNOWN)
}

/// The words for fields or for variants.
struct Words {
    one: &'static str,
    many: &'static str,
    separator: &'static str,
}

const FIELDS: Words = Words {
    one: "field",
    many: "fields",
    separator: ".",
};

const VARIANTS: Words = Words {
    one: "variant",
    many: "variants",
    separator: "::",
};

impl Words {
    fn join(&self, at: &str, name: String) -> String {
        if at.is_empty() {
            name
        } else {
            format!("{at}{}{name}", self.separator)
        }
    }
}

fn place(at: &str) -> String {
    if at.is_empty() {
        "the item".to_owned()
    } else {
        format!("`{at}`")
    }
}

fn of(at: &str) -> String {
    if at.is_empty() {
        String::new()
    } else {
        format!(" of `{at}`")
    }
}

fn listed(names: &[String]) -> String {
    let mut listed = String::new();
    for (number, name) in names.iter().take(MAX_TOLD).enumerate() {
        let separator = if number == 0 { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(listed, "{separator}{name}");
    }
    if names.len() > MAX_TOLD {
        listed.push_str(", ...");
    }
    listed
}
