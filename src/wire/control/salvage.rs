use std::borrow::Cow;

/// The readable parts of a message that is not valid JSON. They are used to report the error to the
/// sender or to the waiting caller.
///
/// Python writes `NaN` and `Infinity` as numbers, and escapes unpaired surrogates. Neither is valid
/// JSON, but the rest of the message stays readable.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Salvaged {
    pub(crate) kind: String,
    /// The member `id`.
    pub(crate) id: Option<String>,
    pub(crate) invocation_id: Option<String>,
    pub(crate) function_id: Option<String>,
}

/// Reads the string members of the outermost object. Returns `None` if it has no `type`.
///
/// Other values are skipped by their quotes and brackets and not checked.
pub(crate) fn salvage(json: &str) -> Option<Salvaged> {
    let mut rest = json.trim_start().strip_prefix('{')?;
    let mut found = Salvaged::default();
    let mut typed = false;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        let Some((key, after)) = string(rest) else {
            break;
        };
        let Some(value) = after.trim_start().strip_prefix(':') else {
            break;
        };
        let value = value.trim_start();
        if let Some((text, after)) = string(value) {
            let read = || Some(unescaped(text));
            match key {
                "type" => {
                    found.kind = unescaped(text);
                    typed = true;
                }
                "id" => found.id = read(),
                "invocation_id" => found.invocation_id = read(),
                "function_id" => found.function_id = read(),
                _ => {}
            }
            rest = after;
        } else {
            rest = skipped(value);
        }
    }
    typed.then_some(found)
}

/// Splits `json` into the string that it starts with, still escaped, and the rest.
fn string(json: &str) -> Option<(&str, &str)> {
    let body = json.strip_prefix('"')?;
    let mut escaped = false;
    let end = body.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    Some((&body[..end], &body[end + 1..]))
}

/// Skips the value that `json` starts with; the result starts at the comma or bracket after it.
fn skipped(json: &str) -> &str {
    let mut depth = 0_usize;
    let mut rest = json;
    while let Some(next) = rest.chars().next() {
        match next {
            '"' => match string(rest) {
                Some((_, after)) => {
                    rest = after;
                    continue;
                }
                None => return "",
            },
            '{' | '[' => depth += 1,
            ',' | '}' | ']' if depth == 0 => return rest,
            '}' | ']' => depth -= 1,
            _ => {}
        }
        rest = &rest[next.len_utf8()..];
    }
    rest
}

/// Unescapes a string. Returns it unchanged if it is not valid.
fn unescaped(written: &str) -> String {
    let text: Result<Cow<'_, str>, _> = serde_json::from_str(&format!("\"{written}\""));
    text.map_or_else(|_| written.to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::{Salvaged, salvage};

    #[test]
    fn ids_are_read_around_values_that_are_no_json() {
        let json = r#"{"type":"invocationresult","result":{"x":NaN,"invocation_id":"inner"},
            "error":[-Infinity,"}\"]"],"invocation_id":"i\u0031","function_id":"f\ud800"}"#;
        let expected = Salvaged {
            kind: "invocationresult".to_owned(),
            id: None,
            invocation_id: Some("i1".to_owned()),
            function_id: Some(r"f\ud800".to_owned()),
        };
        assert_eq!(salvage(json), Some(expected));
    }

    #[test]
    fn text_that_is_no_message_gives_nothing() {
        for json in [
            "",
            "{",
            "[]",
            "null",
            r#"{"type":1}"#,
            r#"{"id":"a"}"#,
            r#"{"a":"#,
        ] {
            assert_eq!(salvage(json), None, "{json}");
        }
        let cut = salvage(r#"{"type":"t","id":"a","x":{"y":"#).unwrap();
        assert_eq!((cut.kind.as_str(), cut.id.as_deref()), ("t", Some("a")));
        let nested = "[".repeat(100_000);
        assert_eq!(salvage(&nested), None);
    }
}
