use std::io;

use bytes::{Buf, Bytes, BytesMut};
use serde_json::Value;
use tokio_util::codec::Decoder;

use super::csv::Rows;
use super::data_format::DataFormat;
use super::item::{Item, check};
use super::json_values::JsonValues;
use super::{invalid, too_large};

/// Splits data into items. Errors contain the number of the line or item.
///
/// A byte order mark at the beginning is skipped. An item above the limit is an error, and no more
/// than twice the limit is kept in memory.
pub(super) struct ItemDecoder {
    kind: Kind,
    has_begun: bool,
}

enum Kind {
    Lines(Split),
    Ndjson(Split),
    Json(JsonValues),
    Rows(Box<Rows>),
    Msgpack(Values),
}

impl ItemDecoder {
    /// Creates a decoder for data in `format` with items of at most `limit` bytes; bytes are split
    /// into lines.
    pub(super) fn new(format: DataFormat, limit: usize) -> Self {
        let kind = match format {
            DataFormat::Lines | DataFormat::Bytes => Kind::Lines(Split::new(limit)),
            DataFormat::Ndjson => Kind::Ndjson(Split::new(limit)),
            DataFormat::Json => Kind::Json(JsonValues::new(limit)),
            DataFormat::Csv => Kind::Rows(Box::new(Rows::new(b',', limit))),
            DataFormat::Tsv => Kind::Rows(Box::new(Rows::new(b'\t', limit))),
            DataFormat::Msgpack => Kind::Msgpack(Values::new(limit)),
        };
        Self {
            kind,
            has_begun: false,
        }
    }

    /// Skips a byte order mark. Returns `false` until it is known whether there is one.
    fn begin(&mut self, input: &mut BytesMut, is_end: bool) -> bool {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        if self.has_begun || matches!(self.kind, Kind::Msgpack(_)) {
            return true;
        }
        if !is_end && input.len() < MARK.len() && MARK.starts_with(input) {
            return false;
        }
        if input.starts_with(MARK) {
            input.advance(MARK.len());
        }
        self.has_begun = true;
        true
    }
}

impl Decoder for ItemDecoder {
    type Item = Item;
    type Error = io::Error;

    fn decode(&mut self, input: &mut BytesMut) -> io::Result<Option<Item>> {
        if !self.begin(input, false) {
            return Ok(None);
        }
        match &mut self.kind {
            Kind::Lines(split) => split.text(input, false),
            Kind::Ndjson(split) => split.json(input, false),
            Kind::Json(values) => Ok(values.decode(input)?.map(Item::Json)),
            Kind::Rows(rows) => Ok(rows.decode(input)?.map(Item::Json)),
            Kind::Msgpack(values) => values.decode(input, false),
        }
    }

    fn decode_eof(&mut self, input: &mut BytesMut) -> io::Result<Option<Item>> {
        self.begin(input, true);
        match &mut self.kind {
            Kind::Lines(split) => split.text(input, true),
            Kind::Ndjson(split) => split.json(input, true),
            Kind::Json(values) => Ok(values.decode_eof(input)?.map(Item::Json)),
            Kind::Rows(rows) => Ok(rows.decode_eof(input)?.map(Item::Json)),
            Kind::Msgpack(values) => values.decode(input, true),
        }
    }
}

/// Splits data at line ends.
struct Split {
    limit: usize,
    /// Bytes of the input known to contain no line end.
    scanned: usize,
    /// Number of lines returned.
    lines: u64,
}

impl Split {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            scanned: 0,
            lines: 0,
        }
    }

    /// The next line without its line end.
    fn line(&mut self, input: &mut BytesMut, is_end: bool) -> io::Result<Option<Bytes>> {
        let unseen = input.get(self.scanned..).unwrap_or_default();
        let found = memchr::memchr(b'\n', unseen).map(|at| self.scanned + at);
        let len = found.unwrap_or(input.len());
        if len > self.limit {
            return Err(too_large(&format!("line {}", self.lines + 1), self.limit));
        }
        let mut line = match found {
            Some(at) => {
                let line = input.split_to(at);
                input.advance(1);
                line
            }
            None if is_end && !input.is_empty() => input.split(),
            None => {
                self.scanned = input.len();
                return Ok(None);
            }
        };
        (self.scanned, self.lines) = (0, self.lines + 1);
        if line.last() == Some(&b'\r') {
            line.truncate(line.len() - 1);
        }
        Ok(Some(line.freeze()))
    }

    fn text(&mut self, input: &mut BytesMut, is_end: bool) -> io::Result<Option<Item>> {
        let Some(line) = self.line(input, is_end)? else {
            return Ok(None);
        };
        if let Err(error) = str::from_utf8(&line) {
            let (number, column) = (self.lines, error.valid_up_to() + 1);
            return Err(invalid(format!(
                "line {number} is not UTF-8 text, at byte {column}"
            )));
        }
        Ok(Some(Item::Text(line)))
    }

    fn json(&mut self, input: &mut BytesMut, is_end: bool) -> io::Result<Option<Item>> {
        while let Some(line) = self.line(input, is_end)? {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            check(&line).map_err(|error| {
                let (number, column) = (self.lines, error.column());
                let reason = error.to_string();
                let reason = reason.split(" at line ").next().unwrap_or_default();
                invalid(format!(
                    "line {number} is not JSON, at column {column}: {reason}; \
                     `--from lines` reads text, and `--from json` values of several lines"
                ))
            })?;
            return Ok(Some(Item::Json(line)));
        }
        Ok(None)
    }
}

/// Splits `MessagePack` values.
struct Values {
    limit: usize,
    /// Number of bytes that did not contain a complete value. The next attempt waits for twice as
    /// many, so that a long value is not parsed again and again.
    tried: usize,
    /// Number of values returned.
    items: u64,
}

impl Values {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            tried: 0,
            items: 0,
        }
    }

    fn decode(&mut self, input: &mut BytesMut, is_end: bool) -> io::Result<Option<Item>> {
        let next_try = self.tried.saturating_mul(2).min(self.limit + 1);
        let waits = self.tried > 0 && input.len() < next_try;
        if input.is_empty() || (waits && !is_end) {
            return Ok(None);
        }
        let mut rest = &input[..];
        let value: Result<Value, _> = rmp_serde::from_read(&mut rest);
        let len = input.len() - rest.len();
        let number = self.items + 1;
        match value {
            // Refused regardless of its end, and of the JSON that it becomes.
            Ok(_) if len > self.limit => Err(self.too_large()),
            Err(ref error) if is_cut(error) && input.len() > self.limit => Err(self.too_large()),
            Ok(value) => {
                let json = serde_json::to_vec(&value)?;
                if json.len() > self.limit {
                    return Err(self.too_large());
                }
                input.advance(len);
                (self.tried, self.items) = (0, number);
                Ok(Some(Item::Json(json.into())))
            }
            Err(error) if is_cut(&error) && !is_end => {
                self.tried = input.len();
                Ok(None)
            }
            Err(error) => Err(invalid(format!(
                "item {number} is not MessagePack: {error}; `--from` names other formats"
            ))),
        }
    }

    fn too_large(&self) -> io::Error {
        too_large(&format!("item {}", self.items + 1), self.limit)
    }
}

fn is_cut(error: &rmp_serde::decode::Error) -> bool {
    use rmp_serde::decode::Error;

    match error {
        Error::InvalidMarkerRead(error) | Error::InvalidDataRead(error) => {
            error.kind() == io::ErrorKind::UnexpectedEof
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use tokio_util::codec::Decoder;

    use super::{DataFormat, Item, ItemDecoder};

    fn items(format: DataFormat, data: &[u8]) -> Result<Vec<Item>, String> {
        items_up_to(usize::MAX >> 1, format, data)
    }

    fn items_up_to(limit: usize, format: DataFormat, data: &[u8]) -> Result<Vec<Item>, String> {
        let (mut decoder, mut input) = (ItemDecoder::new(format, limit), BytesMut::new());
        let mut found = Vec::new();
        for byte in data {
            input.extend_from_slice(&[*byte]);
            let decoded = decoder.decode(&mut input);
            found.extend(decoded.map_err(|error| error.to_string())?);
        }
        loop {
            match decoder.decode_eof(&mut input) {
                Ok(Some(item)) => found.push(item),
                Ok(None) => return Ok(found),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    fn texts(lines: &[&'static str]) -> Vec<Item> {
        let lines = lines.iter().map(|line| Item::Text((*line).into()));
        lines.collect()
    }

    #[test]
    fn lines_end_with_lf_or_crlf() {
        let found = items(DataFormat::Lines, b"\xef\xbb\xbfa\r\n\nb\rc\nlast").unwrap();
        assert_eq!(found, texts(&["a", "", "b\rc", "last"]));
        assert_eq!(items(DataFormat::Lines, b"\xef\xbb\xbf").unwrap(), []);
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let error = items(DataFormat::Lines, b"a\nb\xff\n").unwrap_err();
        assert_eq!(error, "line 2 is not UTF-8 text, at byte 2");
        let error = items(DataFormat::Ndjson, b"1\n\nabc\n").unwrap_err();
        assert!(
            error.starts_with("line 3 is not JSON, at column 1"),
            "{error}"
        );
    }

    #[test]
    fn item_above_the_limit_fails_with_its_number() {
        for (format, data, place) in [
            (DataFormat::Lines, &b"1234\n12345\n"[..], "line 2"),
            (DataFormat::Lines, b"1234\n12345", "line 2"),
            (DataFormat::Ndjson, b"1234\n\n12345\n", "line 3"),
            (DataFormat::Ndjson, b"1234\n\n12345", "line 3"),
            (
                DataFormat::Json,
                b"1234\n\n[12345",
                "the JSON value at line 3",
            ),
            (
                DataFormat::Json,
                b"1\n[\n\"234\"]",
                "the JSON value at line 3",
            ),
            (
                DataFormat::Json,
                b"[1,\n [1,\n2]]",
                "the JSON value at line 2",
            ),
            (DataFormat::Csv, b"a,b\n\"12\n345", "record 1"),
            (DataFormat::Csv, b"a,b\n1,2\n", "record 1, as an object,"),
            (DataFormat::Tsv, b"abc\tde\n1\t2\n", "the header"),
            (DataFormat::Msgpack, b"\x01\x02\xa41234", "item 3"),
            (DataFormat::Msgpack, b"\x01\xa8abcdefgh", "item 2"),
            (DataFormat::Msgpack, b"\x01\xa8abcd", "item 2"),
        ] {
            let error = items_up_to(4, format, data).unwrap_err();
            let expected = format!("{place} is larger than 4 bytes");
            assert!(error.starts_with(&expected), "{format}: {error}");
        }
    }

    #[test]
    fn a_whole_item_above_the_limit_is_refused() {
        for (format, data) in [
            (DataFormat::Lines, &b"12345\n"[..]),
            (DataFormat::Json, b"12345 "),
            (DataFormat::Csv, b"a\n12345\n"),
            (DataFormat::Msgpack, b"\xa5abcde"),
        ] {
            let mut decoder = ItemDecoder::new(format, 4);
            let error = decoder.decode(&mut BytesMut::from(data)).unwrap_err();
            assert!(error.to_string().contains("4 bytes"), "{format}: {error}");
        }
    }

    #[test]
    fn messagepack_values_follow_each_other() {
        let found = items(DataFormat::Msgpack, b"\x01\x82\xa1x\x01\xa1y\xc0\xa1a").unwrap();
        let expected = ["1", r#"{"x":1,"y":null}"#, "\"a\""];
        assert_eq!(found, expected.map(|json| Item::Json(json.into())));
        assert!(items(DataFormat::Msgpack, b"\x01\x82\xa1x").is_err());
    }
}
