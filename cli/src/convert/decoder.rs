use std::io;

use bytes::{Buf, Bytes, BytesMut};
use serde_json::Value;
use tokio_util::codec::Decoder;

use super::csv::Rows;
use super::data_format::DataFormat;
use super::item::{Item, check};
use super::json_values::JsonValues;
use super::{MAX_ITEM, invalid, too_large};

/// Splits data into items. Errors contain the number of the line or item.
///
/// A byte order mark at the beginning is skipped. An item of more than 64 MiB is an error, and no
/// more than that is kept in memory.
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
    /// Creates a decoder for data in `format`; bytes are split into lines.
    pub(super) fn new(format: DataFormat) -> Self {
        let kind = match format {
            DataFormat::Lines | DataFormat::Bytes => Kind::Lines(Split::default()),
            DataFormat::Ndjson => Kind::Ndjson(Split::default()),
            DataFormat::Json => Kind::Json(JsonValues::default()),
            DataFormat::Csv => Kind::Rows(Box::new(Rows::new(b','))),
            DataFormat::Tsv => Kind::Rows(Box::new(Rows::new(b'\t'))),
            DataFormat::Msgpack => Kind::Msgpack(Values::default()),
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
#[derive(Default)]
struct Split {
    /// Bytes of the input known to contain no line end.
    scanned: usize,
    /// Number of lines returned.
    lines: u64,
}

impl Split {
    /// The next line without its line end.
    fn line(&mut self, input: &mut BytesMut, is_end: bool) -> io::Result<Option<Bytes>> {
        let unseen = input.get(self.scanned..).unwrap_or_default();
        let found = memchr::memchr(b'\n', unseen).map(|at| self.scanned + at);
        let len = found.unwrap_or(input.len());
        if len > MAX_ITEM {
            return Err(too_large(&format!("line {}", self.lines + 1)));
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
#[derive(Default)]
struct Values {
    /// Number of bytes that did not contain a whole value. The next attempt waits for twice as
    /// many, so that a long value is not parsed over and over.
    tried: usize,
    items: u64,
}

impl Values {
    fn decode(&mut self, input: &mut BytesMut, is_end: bool) -> io::Result<Option<Item>> {
        let waits = self.tried > 0 && input.len() < self.tried.saturating_mul(2);
        if input.is_empty() || (waits && !is_end) {
            return Ok(None);
        }
        let mut rest = &input[..];
        let value: Result<Value, _> = rmp_serde::from_read(&mut rest);
        let len = input.len() - rest.len();
        match value {
            Ok(value) => {
                input.advance(len);
                (self.tried, self.items) = (0, self.items + 1);
                Ok(Some(Item::Json(serde_json::to_vec(&value)?.into())))
            }
            Err(error) if is_cut(&error) && !is_end => {
                self.tried = input.len();
                if self.tried > MAX_ITEM {
                    return Err(too_large(&format!("item {}", self.items)));
                }
                Ok(None)
            }
            Err(error) => Err(invalid(format!(
                "item {} is not MessagePack: {error}",
                self.items
            ))),
        }
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
        let (mut decoder, mut input) = (ItemDecoder::new(format), BytesMut::new());
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
    fn a_line_without_an_end_is_bounded() {
        let mut decoder = ItemDecoder::new(DataFormat::Lines);
        let mut input = BytesMut::from(&b"first\n"[..]);
        assert!(decoder.decode(&mut input).unwrap().is_some());
        input.resize(super::MAX_ITEM + 1, b'x');
        let error = decoder.decode(&mut input).unwrap_err().to_string();
        assert!(error.starts_with("line 2 is larger than "), "{error}");
    }

    #[test]
    fn messagepack_values_follow_each_other() {
        let found = items(DataFormat::Msgpack, b"\x01\x82\xa1x\x01\xa1y\xc0\xa1a").unwrap();
        let expected = ["1", r#"{"x":1,"y":null}"#, "\"a\""];
        assert_eq!(found, expected.map(|json| Item::Json(json.into())));
        assert!(items(DataFormat::Msgpack, b"\x01\x82\xa1x").is_err());
    }
}
