use bytes::{BufMut, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::append::Append;
use super::bounded::{Refusal, too_deep};
use super::{Decode, Decoded, Encode, EncodeError, Format, FormatError, ItemLimits};

/// One JSON value a line (`ndjson`): the default, and what every other language reads.
///
/// It describes itself, so a field may be added or left out as `serde` allows. A receiver accepts
/// lines that end in CRLF, blank lines, and a last line without its end. Nesting is limited, see
/// [`ItemLimits`](crate::format::ItemLimits).
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
    /// Bytes of the input that are known to hold no line end.
    scanned: usize,
    limits: ItemLimits,
}

impl Format for Json {
    const NAME: &'static str = "ndjson";
    const ENCODING: Option<&'static str> = Some("utf-8");
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Encode<T> for Json {
    fn encode(&mut self, item: T, out: &mut BytesMut) -> Result<(), EncodeError<T>> {
        if let Err(error) = serde_json::to_writer(Append(out), &item) {
            return Err(EncodeError {
                item: Some(item),
                error: FormatError::new(error),
            });
        }
        out.put_u8(b'\n');
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Decode<T> for Json {
    fn set_limits(&mut self, limits: ItemLimits) {
        self.limits = limits;
    }

    fn decode(&mut self, input: &[u8], at_end: bool) -> Result<Decoded<T>, FormatError> {
        let unseen = &input[self.scanned.min(input.len())..];
        let Some(newline) = memchr::memchr(b'\n', unseen) else {
            self.scanned = input.len();
            return if !at_end {
                Ok(Decoded::More(input.len() + 1))
            } else if input.is_empty() {
                Ok(Decoded::Nothing)
            } else {
                self.line(input, input.len())
            };
        };
        let len = self.scanned + newline + 1;
        self.line(&input[..len - 1], len)
    }
}

impl Json {
    /// Reads a line without its end; `len` is its length with it.
    fn line<T: DeserializeOwned>(
        &mut self,
        line: &[u8],
        len: usize,
    ) -> Result<Decoded<T>, FormatError> {
        self.scanned = 0;
        if line.trim_ascii().is_empty() {
            return Ok(Decoded::Skip(len));
        }
        match self.value(line) {
            Ok(item) => Ok(Decoded::Item { item, len }),
            Err(error) => Err(FormatError::skip(error, len)),
        }
    }

    fn value<T: DeserializeOwned>(&self, line: &[u8]) -> Result<T, Refusal> {
        // serde_json has the default limit of its own, which costs nothing. What is deeper is read
        // once more, if it may be.
        if self.limits.max_nesting >= ItemLimits::DEFAULT.max_nesting {
            // To look once at the whole whether it is UTF-8 costs less than once at each string.
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
        T::deserialize(&mut deserializer)
            .and_then(|item| deserializer.end().map(|()| item))
            .map_err(|error| Refusal(error.to_string()))
    }
}

/// Whether more than `limit` lists and objects stand within each other.
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
