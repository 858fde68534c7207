use std::io;
use std::marker::PhantomData;

use bytes::{Bytes, BytesMut};
use pipewright::format::NamedCodec;
use serde_json::Value;
use tokio_util::codec::{Decoder, Encoder};

/// One line of a stream, including its line end. The program counts lines and passes them to
/// branches without parsing them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record(Bytes);

impl Record {
    /// Creates a record from a line, which may lack its line end.
    pub(crate) fn new(line: Bytes) -> Self {
        Self(line)
    }

    /// The value at the JSON pointer `by`, or the whole line. Items without a value share one key.
    pub(super) fn key(&self, by: Option<&str>) -> Bytes {
        let Some(by) = by else {
            return self.0.clone();
        };
        let value = serde_json::from_slice::<Value>(&self.0).unwrap_or_default();
        let key = value.pointer(by).map(ToString::to_string);
        key.unwrap_or_default().into()
    }
}

/// A kind of lines.
pub(super) trait Kind: Send + Sync + 'static {
    /// The name of the format in the header of a stream.
    const NAME: &'static str;
    /// Whether blank lines are ignored.
    const SKIPS_BLANKS: bool;
}

/// Each line is a JSON value.
pub(super) enum Ndjson {}

/// Each line is text.
pub(super) enum Lines {}

impl Kind for Ndjson {
    const NAME: &'static str = "ndjson";
    const SKIPS_BLANKS: bool = true;
}

impl Kind for Lines {
    const NAME: &'static str = "lines";
    const SKIPS_BLANKS: bool = false;
}

/// Splits a stream into [`Record`]s and joins them again.
///
/// The bytes are unchanged, except that a last line without a line end receives one. The receiver
/// limits the size of a line, with and without its line end.
pub(super) struct Records<K> {
    /// Bytes of the input known to contain no line end.
    scanned: usize,
    kind: PhantomData<fn() -> K>,
}

impl<K> Default for Records<K> {
    fn default() -> Self {
        Self {
            scanned: 0,
            kind: PhantomData,
        }
    }
}

impl<K: Kind> NamedCodec for Records<K> {
    const NAME: &'static str = K::NAME;
    const ENCODING: Option<&'static str> = Some("utf-8");
}

impl<K: Kind> Decoder for Records<K> {
    type Item = Record;
    type Error = io::Error;

    fn decode(&mut self, input: &mut BytesMut) -> io::Result<Option<Record>> {
        loop {
            let unseen = input.get(self.scanned..).unwrap_or_default();
            let Some(at) = memchr::memchr(b'\n', unseen) else {
                self.scanned = input.len();
                return Ok(None);
            };
            let line = input.split_to(self.scanned + at + 1).freeze();
            self.scanned = 0;
            if !(K::SKIPS_BLANKS && is_blank(&line)) {
                return Ok(Some(Record(line)));
            }
        }
    }

    fn decode_eof(&mut self, input: &mut BytesMut) -> io::Result<Option<Record>> {
        if let Some(record) = self.decode(input)? {
            return Ok(Some(record));
        }
        self.scanned = 0;
        let rest = input.split().freeze();
        let nothing = rest.is_empty() || (K::SKIPS_BLANKS && is_blank(&rest));
        Ok((!nothing).then_some(Record(rest)))
    }
}

impl<K: Kind> Encoder<Record> for Records<K> {
    type Error = io::Error;

    fn encode(&mut self, record: Record, out: &mut BytesMut) -> io::Result<()> {
        out.extend_from_slice(&record.0);
        if !record.0.ends_with(b"\n") {
            out.extend_from_slice(b"\n");
        }
        Ok(())
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use tokio_util::codec::{Decoder, Encoder};

    use super::{Kind, Lines, Ndjson, Records};

    fn records<K: Kind>(text: &str) -> Vec<String> {
        let (mut codec, mut input) = (Records::<K>::default(), BytesMut::new());
        let mut found = Vec::new();
        // Byte by byte, so that every partial line is tested.
        for byte in text.bytes() {
            input.extend_from_slice(&[byte]);
            found.extend(codec.decode(&mut input).unwrap());
        }
        while let Some(record) = codec.decode_eof(&mut input).unwrap() {
            found.push(record);
        }
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        found.iter().map(|record| text(&record.0)).collect()
    }

    #[test]
    fn lines_keep_their_ends_and_blank_ones_count() {
        assert_eq!(records::<Lines>("a\r\n\nb"), ["a\r\n", "\n", "b"]);
        assert!(records::<Lines>("").is_empty());
    }

    #[test]
    fn blank_lines_are_no_json_values() {
        assert_eq!(records::<Ndjson>("1\n \n\n2\n \t"), ["1\n", "2\n"]);
        assert_eq!(records::<Ndjson>("1\n2"), ["1\n", "2"]);
    }

    #[test]
    fn the_last_line_gets_its_end() {
        let (mut codec, mut out) = (Records::<Lines>::default(), BytesMut::from("a\nb"));
        let mut again = BytesMut::new();
        while let Some(record) = codec.decode_eof(&mut out).unwrap() {
            codec.encode(record, &mut again).unwrap();
        }
        assert_eq!(again, "a\nb\n");
    }
}
