use bytes::{BufMut, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::append::Append;
use super::bounded::{Refusal, too_deep};
use super::checked::{Checked, JsonRules, Sink};
use super::nested::{InJson, Nest};
use super::{Decode, Decoded, Encode, EncodeError, Format, FormatError, ItemLimits};

/// One JSON value per line (`ndjson`): the default format, readable in every other language.
///
/// It is self-describing, so fields may be added or omitted as `serde` allows. A receiver accepts
/// lines that end in CRLF, blank lines, a byte order mark, and a last line without a line end.
/// Nesting is limited; see [`ItemLimits`](crate::format::ItemLimits).
///
/// # Values
///
/// A value is received exactly as it was sent, or the sender rejects it:
///
/// * `NaN` and infinities are rejected, because JSON has no such numbers. Map keys are rejected
///   unless they are strings, numbers, `bool` or unit variants.
/// * `None` is written as `null`, and `Some` as its content. A null inside an option, as in
///   `Some(None)` and `Some(())`, is written as `{"$pipewright.some":1}`, where the number counts
///   the options around the null. No map may use this key.
/// * Line ends in a `RawValue` or a [`Payload`](crate::Payload) are white space and are removed.
/// * Integers keep all digits. JavaScript peers read integers beyond 2^53 as the nearest float.
///   Send them as strings, or use a parser with `BigInt` support.
/// * Integers beyond 64 bits cannot be read inside `untagged` and `flatten`; the receiver reports
///   an error.
///
/// # Example
///
/// ```
/// use bytes::BytesMut;
/// use pipewright::format::{Decode, Decoded, Encode, Json};
///
/// let mut bytes = BytesMut::new();
/// Json::default().encode((1, "a"), &mut bytes).unwrap();
/// assert_eq!(&bytes[..], b"[1,\"a\"]\n");
/// let decoded: Decoded<(u8, String)> = Json::default().decode(&bytes, false).unwrap();
/// assert_eq!(decoded, Decoded::Item { item: (1, "a".to_owned()), len: 8 });
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Json {
    /// Bytes of the input known to contain no line end.
    scanned: usize,
    /// Whether these bytes contain a `$`, so that they may contain a mark.
    has_dollar: bool,
    limits: ItemLimits,
}

impl Format for Json {
    const NAME: &'static str = "ndjson";
    const ENCODING: Option<&'static str> = Some("utf-8");
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Encode<T> for Json {
    const CHECKS: bool = true;

    fn encode(&mut self, item: T, out: &mut BytesMut) -> Result<(), EncodeError<T>> {
        write(&item, out).map_err(|error| EncodeError {
            item: Some(item),
            error,
        })
    }

    #[inline]
    fn check(&mut self, item: &T) -> Result<(), FormatError> {
        match Checked::new(item, JsonRules).serialize(Sink::TEXT_KEYS) {
            Ok(()) => Ok(()),
            // Serialises the item again to find the reason for the rejection.
            Err(_) => write(item, &mut BytesMut::new()),
        }
    }
}

/// Appends an item.
fn write<T: Serialize>(item: &T, out: &mut BytesMut) -> Result<(), FormatError> {
    serde_json::to_writer(Append(out), &Checked::new(item, JsonRules)).map_err(FormatError::new)?;
    out.put_u8(b'\n');
    Ok(())
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Decode<T> for Json {
    fn set_limits(&mut self, limits: ItemLimits) {
        self.limits = limits;
    }

    fn decode(&mut self, input: &[u8], at_end: bool) -> Result<Decoded<T>, FormatError> {
        let Some(newline) = self.find_newline(input) else {
            self.scanned = input.len();
            return if !at_end {
                Ok(Decoded::More(input.len() + 1))
            } else if input.is_empty() {
                Ok(Decoded::Nothing)
            } else {
                self.line(input, input.len())
            };
        };
        self.line(&input[..newline], newline + 1)
    }
}

/// U+FEFF, which some programs put before text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Json {
    /// Finds the end of the line at the front of `input`. The same pass notes whether the line
    /// contains a `$`, which few lines do.
    #[inline]
    fn find_newline(&mut self, input: &[u8]) -> Option<usize> {
        let unseen = input.get(self.scanned..).unwrap_or_default();
        let at = if self.has_dollar {
            memchr::memchr(b'\n', unseen)?
        } else {
            let at = memchr::memchr2(b'\n', b'$', unseen)?;
            if unseen[at] == b'$' {
                self.has_dollar = true;
                at + memchr::memchr(b'\n', &unseen[at..])?
            } else {
                at
            }
        };
        Some(self.scanned + at)
    }

    /// Decodes a line without its end; `len` is its length including the end.
    fn line<T: DeserializeOwned>(
        &mut self,
        line: &[u8],
        len: usize,
    ) -> Result<Decoded<T>, FormatError> {
        self.scanned = 0;
        let has_dollar = std::mem::take(&mut self.has_dollar);
        // A file may begin with a byte order mark, and files may be concatenated. No value begins
        // with one.
        let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        if line.first().is_none_or(u8::is_ascii_whitespace) && line.trim_ascii().is_empty() {
            return Ok(Decoded::Skip(len));
        }
        match self.value(line, has_dollar) {
            Ok(item) => Ok(Decoded::Item { item, len }),
            Err(error) => Err(FormatError::skip(error, len)),
        }
    }

    fn value<T: DeserializeOwned>(&self, line: &[u8], has_dollar: bool) -> Result<T, Refusal> {
        let nested = has_dollar && InJson::is_in(line);
        // serde_json enforces the default limit itself, at no cost. If a higher limit is set,
        // deeper values are parsed a second time.
        if !nested && self.limits.max_nesting >= ItemLimits::DEFAULT.max_nesting {
            // Checking the whole line for UTF-8 once costs less than checking each string.
            let read = match std::str::from_utf8(line) {
                Ok(text) => serde_json::from_str(text),
                Err(_) => serde_json::from_slice(line),
            };
            let error = match read {
                Ok(item) => return Ok(item),
                Err(error) => error.to_string(),
            };
            match error.strip_prefix("recursion limit exceeded") {
                None => return Err(Refusal(error)),
                Some(place) if self.limits.max_nesting == ItemLimits::DEFAULT.max_nesting => {
                    return Err(Refusal(format!("{}{place}", too_deep(self.limits))));
                }
                Some(_) => {}
            }
        }
        if is_deeper(line, self.limits.max_nesting) {
            return Err(Refusal(too_deep(self.limits)));
        }
        let mut deserializer = serde_json::Deserializer::from_slice(line);
        deserializer.disable_recursion_limit();
        let result = if nested {
            T::deserialize(Nest::new(&mut deserializer, InJson))
        } else {
            T::deserialize(&mut deserializer)
        };
        result
            .and_then(|item| deserializer.end().map(|()| item))
            .map_err(|error| Refusal(error.to_string()))
    }
}

/// Whether more than `limit` lists and objects are nested.
fn is_deeper(line: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in line {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}
