use std::collections::HashSet;
use std::io;

use bytes::{Buf, Bytes, BytesMut};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use serde_json::Number;
use serde_json::value::RawValue;

use super::item::{Members, text_of};
use super::{invalid, too_large};

/// Reads records below a header line as JSON objects.
///
/// A field that is a JSON number, `true` or `false` becomes that value, with its digits unchanged.
/// An empty field becomes null. Everything else becomes a string.
pub(super) struct Rows {
    reader: Reader,
    fields: Vec<u8>,
    ends: Vec<usize>,
    /// Number of elements of `fields` and `ends` that the current record uses so far.
    taken: (usize, usize),
    header: Option<Vec<String>>,
    /// Number of records below the header.
    records: u64,
    limit: usize,
}

impl Rows {
    /// For records of at most `limit` bytes, which also limits the resulting objects.
    pub(super) fn new(delimiter: u8, limit: usize) -> Self {
        Self {
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            fields: vec![0; 1024],
            ends: vec![0; 32],
            taken: (0, 0),
            header: None,
            records: 0,
            limit,
        }
    }

    /// The next record, if `input` contains all of it.
    pub(super) fn decode(&mut self, input: &mut BytesMut) -> io::Result<Option<Bytes>> {
        // The CSV reader treats empty input as the end.
        if input.is_empty() {
            return Ok(None);
        }
        self.read(input)
    }

    /// The last record, at the end of the input.
    pub(super) fn decode_eof(&mut self, input: &mut BytesMut) -> io::Result<Option<Bytes>> {
        match self.decode(input)? {
            Some(record) => Ok(Some(record)),
            None => self.read(input),
        }
    }

    fn read(&mut self, input: &mut BytesMut) -> io::Result<Option<Bytes>> {
        loop {
            let (fields, ends) = self.taken;
            let (result, read, written, ended) =
                self.reader
                    .read_record(input, &mut self.fields[fields..], &mut self.ends[ends..]);
            input.advance(read);
            self.taken = (fields + written, ends + ended);
            // Each field has a delimiter, which counts as one byte.
            if self.taken.0 + self.taken.1.saturating_sub(1) > self.limit {
                return Err(too_large(&self.place(), self.limit));
            }
            match result {
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return Ok(None),
                ReadRecordResult::OutputFull => self.fields.resize(self.fields.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    if let Some(record) = self.record()? {
                        return Ok(Some(record));
                    }
                    if input.is_empty() {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Converts a record to an object; `None` for the header.
    fn record(&mut self) -> io::Result<Option<Bytes>> {
        let (fields, ends) = std::mem::take(&mut self.taken);
        let line = self.reader.line().saturating_sub(1).max(1);
        let place = self.place();
        let text = str::from_utf8(&self.fields[..fields])
            .map_err(|_| invalid(format!("{place}, which ends at line {line}, is not UTF-8")))?;
        let mut start = 0;
        let cells = self.ends[..ends].iter().map(|&end| {
            let cell = text.get(start..end).unwrap_or_default();
            start = end;
            cell
        });
        let Some(header) = &self.header else {
            let header: Vec<_> = cells.map(str::to_owned).collect();
            let mut names = HashSet::new();
            if let Some(twice) = header.iter().find(|name| !names.insert(name.as_str())) {
                return Err(invalid(format!(
                    "the header has the column `{twice}` twice"
                )));
            }
            self.header = Some(header);
            return Ok(None);
        };
        let expected = header.len();
        if ends != expected {
            return Err(invalid(format!(
                "{place}, which ends at line {line}, has {ends} fields, and the header has {expected}"
            )));
        }
        self.records += 1;
        let mut object = String::from("{");
        for (name, cell) in header.iter().zip(cells) {
            if object.len() > 1 {
                object.push(',');
            }
            object.push_str(&serde_json::to_string(name)?);
            object.push(':');
            match cell {
                "" => object.push_str("null"),
                "true" | "false" => object.push_str(cell),
                _ if is_number(cell) => object.push_str(cell),
                _ => object.push_str(&serde_json::to_string(cell)?),
            }
            if object.len() > self.limit {
                return Err(too_large(&format!("{place}, as an object,"), self.limit));
            }
        }
        object.push('}');
        Ok(Some(object.into()))
    }
}

impl Rows {
    /// The current record in messages.
    fn place(&self) -> String {
        match self.header {
            Some(_) => format!("record {}", self.records + 1),
            None => "the header".to_owned(),
        }
    }
}

fn is_number(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit())
        && text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && serde_json::from_str::<Number>(text).is_ok()
}

/// Writes JSON objects as records below a header line with the member names of the first object.
/// Arrays become records without a header, and any other value a record of one field.
pub(super) struct RowWriter {
    delimiter: char,
    header: Option<Vec<String>>,
}

impl RowWriter {
    pub(super) fn new(delimiter: char) -> Self {
        Self {
            delimiter,
            header: None,
        }
    }

    /// Appends a record.
    pub(super) fn encode(&mut self, json: &Bytes, out: &mut BytesMut) -> io::Result<()> {
        match json.first() {
            Some(b'{') => self.object(json, out),
            Some(b'[') => {
                let cells: Vec<Box<RawValue>> = serde_json::from_slice(json)?;
                let cells: io::Result<Vec<_>> = cells.iter().map(|cell| text(cell)).collect();
                self.line(&cells?, out);
                Ok(())
            }
            _ => {
                let cell = String::from_utf8_lossy(&text_of(json.clone())?).into_owned();
                self.line(&[cell], out);
                Ok(())
            }
        }
    }

    fn object(&mut self, json: &Bytes, out: &mut BytesMut) -> io::Result<()> {
        let Members(members) = serde_json::from_slice(json)?;
        let header = if let Some(header) = &self.header {
            header.clone()
        } else {
            let header: Vec<_> = members.iter().map(|(name, _)| name.clone()).collect();
            self.line(&header, out);
            self.header = Some(header.clone());
            header
        };
        let mut cells = vec![String::new(); header.len()];
        for (name, value) in members {
            let Some(at) = header.iter().position(|column| *column == name) else {
                return Err(invalid(format!(
                    "an item has the field `{name}`, which the first item does not have; \
                     `--to ndjson` takes items of any shape"
                )));
            };
            cells[at] = text(&value)?;
        }
        self.line(&cells, out);
        Ok(())
    }

    fn line(&self, cells: &[String], out: &mut BytesMut) {
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                out.extend_from_slice(self.delimiter.to_string().as_bytes());
            }
            let special = |c: char| matches!(c, '"' | '\r' | '\n') || c == self.delimiter;
            // A record of one empty field would be a blank line.
            if cell.contains(special) || (cells.len() == 1 && cell.is_empty()) {
                out.extend_from_slice(format!("\"{}\"", cell.replace('"', "\"\"")).as_bytes());
            } else {
                out.extend_from_slice(cell.as_bytes());
            }
        }
        out.extend_from_slice(b"\n");
    }
}

/// The text of a cell: empty for null, a string without its quotes.
fn text(value: &RawValue) -> io::Result<String> {
    match value.get() {
        "null" => Ok(String::new()),
        text if text.starts_with('"') => Ok(serde_json::from_str(text)?),
        other => Ok(other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use bytes::{Bytes, BytesMut};

    use super::{RowWriter, Rows};

    fn objects(text: &str) -> Result<Vec<String>, String> {
        let (mut rows, mut input, mut found) = (Rows::new(b',', 1000), BytesMut::new(), Vec::new());
        let mut take = |record: Option<Bytes>| {
            let more = record.is_some();
            found.extend(record.map(|record| String::from_utf8(record.to_vec()).unwrap()));
            more
        };
        for byte in text.bytes() {
            input.extend_from_slice(&[byte]);
            let decoded = rows.decode(&mut input);
            take(decoded.map_err(|error| error.to_string())?);
        }
        while take(
            rows.decode_eof(&mut input)
                .map_err(|error| error.to_string())?,
        ) {}
        Ok(found)
    }

    #[test]
    fn records_are_objects_and_digits_are_kept() {
        let text = "id,name,x\r\n007,\"a, \"\"b\"\"\nc\",1.10\n12345678901234567890123,,true";
        let expected = [
            r#"{"id":"007","name":"a, \"b\"\nc","x":1.10}"#,
            r#"{"id":12345678901234567890123,"name":null,"x":true}"#,
        ];
        assert_eq!(objects(text).unwrap(), expected);
        assert_eq!(objects("").unwrap(), Vec::<String>::new());
        assert!(objects("a,b\n1\n").unwrap_err().contains("1 fields"));
        assert!(objects("a,a\n1,2\n").unwrap_err().contains("twice"));
    }

    #[test]
    fn objects_are_records_below_a_header() {
        let (mut writer, mut out) = (RowWriter::new(','), BytesMut::new());
        for json in [r#"{"b":1.10,"a":"x,\"y\""}"#, r#"{"a":null,"b":[1,2]}"#] {
            writer.encode(&Bytes::from(json), &mut out).unwrap();
        }
        assert_eq!(out, "b,a\n1.10,\"x,\"\"y\"\"\"\n\"[1,2]\",\n");
        let other = Bytes::from(r#"{"c":1}"#);
        assert!(writer.encode(&other, &mut out).is_err());
    }
}
