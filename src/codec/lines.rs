use bytes::{BufMut, BytesMut};

use super::{Decode, Decoded, Encode, EncodeError, Format, FormatError};

/// Lines of text, one item per line (`lines`), compatible with `grep` and `awk`.
///
/// An item is a line without its line end. A sender ends lines with LF, but uses CRLF for a line
/// that itself ends in a carriage return. A receiver accepts LF, CRLF, and a last line without a
/// line end. An empty line is an empty item. A byte order mark is ordinary text: if a file starts
/// with one, so does its first item.
///
/// # Example
///
/// ```
/// use bytes::BytesMut;
/// use pipewright::format::{Decode, Decoded, Encode, Lines};
///
/// let mut bytes = BytesMut::new();
/// Lines::default().encode("one".to_owned(), &mut bytes).unwrap();
/// assert_eq!(&bytes[..], b"one\n");
/// let decoded = Lines::default().decode(b"two\r\nthree", false).unwrap();
/// assert_eq!(decoded, Decoded::Item { item: "two".to_owned(), len: 5 });
///
/// let error = Lines::default().encode("one\ntwo".to_owned(), &mut bytes).unwrap_err();
/// assert_eq!(error.error.to_string(), "a line must not contain a line end");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Lines {
    /// Bytes of the input known to contain no line end.
    scanned: usize,
}

impl Format for Lines {
    const NAME: &'static str = "lines";
    const ENCODING: Option<&'static str> = Some("utf-8");
}

#[diagnostic::do_not_recommend]
impl Encode<String> for Lines {
    const CHECKS: bool = true;

    fn encode(&mut self, item: String, out: &mut BytesMut) -> Result<(), EncodeError<String>> {
        if let Err(error) = self.check(&item) {
            return Err(EncodeError {
                item: Some(item),
                error,
            });
        }
        out.put_slice(item.as_bytes());
        if item.ends_with('\r') {
            // Without this, the receiver would read `\r` and the `\n` as one CRLF.
            out.put_u8(b'\r');
        }
        out.put_u8(b'\n');
        Ok(())
    }

    #[inline]
    fn check(&mut self, item: &String) -> Result<(), FormatError> {
        match memchr::memchr(b'\n', item.as_bytes()) {
            None => Ok(()),
            Some(_) => Err(FormatError::new("a line must not contain a line end")),
        }
    }
}

#[diagnostic::do_not_recommend]
impl Decode<String> for Lines {
    fn decode(&mut self, input: &[u8], at_end: bool) -> Result<Decoded<String>, FormatError> {
        let unseen = input.get(self.scanned..).unwrap_or_default();
        let (line, len) = match memchr::memchr(b'\n', unseen) {
            Some(at) => (&input[..self.scanned + at], self.scanned + at + 1),
            None if input.is_empty() => return Ok(Decoded::Nothing),
            None if at_end => (input, input.len()),
            None => {
                self.scanned = input.len();
                return Ok(Decoded::More(input.len() + 1));
            }
        };
        self.scanned = 0;
        match std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line)) {
            Ok(item) => Ok(Decoded::Item {
                item: item.to_owned(),
                len,
            }),
            Err(error) => Err(FormatError::skip(error, len)),
        }
    }
}
