use bytes::{BufMut, BytesMut};
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed};

use super::append::Append;
use super::bounded::{Guard, Refusal, too_deep};
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
        // serde_json has the default limit of its own, which costs nothing.
        if self.limits.max_nesting == ItemLimits::DEFAULT.max_nesting {
            // To look once at the whole whether it is UTF-8 costs less than once at each string.
            let read = match std::str::from_utf8(line) {
                Ok(text) => serde_json::from_str(text),
                Err(_) => serde_json::from_slice(line),
            };
            return read.map_err(|error| {
                let text = error.to_string();
                Refusal(match text.strip_prefix("recursion limit exceeded") {
                    Some(place) => format!("{}{place}", too_deep(self.limits)),
                    None => text,
                })
            });
        }
        let guard = Guard::new(self.limits, line.len());
        let mut deserializer = serde_json::Deserializer::from_slice(line);
        deserializer.disable_recursion_limit();
        let result = guard.seed().deserialize(&mut deserializer);
        result
            .and_then(|item| deserializer.end().map(|()| item))
            .map_err(|error| Refusal(guard.refusal().unwrap_or_else(|| error.to_string())))
    }
}
