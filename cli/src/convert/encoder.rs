use std::io;

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use tokio_util::codec::Decoder;

use super::csv::RowWriter;
use super::data_format::DataFormat;
use super::decoder::ItemDecoder;
use super::invalid;
use super::item::Item;

/// Converts the bytes of a stream of items to data in another format.
pub(crate) struct Converter(Option<Conversion>);

struct Conversion {
    decoder: ItemDecoder,
    input: BytesMut,
    writer: Writer,
}

enum Writer {
    Lines,
    Ndjson,
    /// Whether an element was written before.
    Json(bool),
    Rows(RowWriter),
    Msgpack,
}

impl Converter {
    /// Creates an encoder from the format of the stream to that of the data, for items of at most
    /// `limit` bytes. Equal formats are passed through.
    pub(crate) fn new(stream: DataFormat, data: DataFormat, limit: usize) -> Self {
        let writer = match data {
            _ if stream == data => return Self(None),
            DataFormat::Bytes => return Self(None),
            DataFormat::Lines => Writer::Lines,
            DataFormat::Ndjson => Writer::Ndjson,
            DataFormat::Json => Writer::Json(false),
            DataFormat::Csv => Writer::Rows(RowWriter::new(',')),
            DataFormat::Tsv => Writer::Rows(RowWriter::new('\t')),
            DataFormat::Msgpack => Writer::Msgpack,
        };
        Self(Some(Conversion {
            decoder: ItemDecoder::new(stream, limit),
            input: BytesMut::new(),
            writer,
        }))
    }

    /// Converts the bytes that have arrived.
    pub(crate) fn convert(&mut self, bytes: Bytes) -> io::Result<Bytes> {
        let Some(conversion) = &mut self.0 else {
            return Ok(bytes);
        };
        conversion.input.extend_from_slice(&bytes);
        let mut out = BytesMut::new();
        while let Some(item) = conversion.decoder.decode(&mut conversion.input)? {
            conversion.writer.write(item, &mut out)?;
        }
        Ok(out.freeze())
    }

    /// The rest of the data, at the end of the stream.
    pub(crate) fn finish(&mut self) -> io::Result<Bytes> {
        let mut out = BytesMut::new();
        if let Some(conversion) = &mut self.0 {
            while let Some(item) = conversion.decoder.decode_eof(&mut conversion.input)? {
                conversion.writer.write(item, &mut out)?;
            }
            if let Writer::Json(has_begun) = conversion.writer {
                out.extend_from_slice(if has_begun { b"\n]\n" } else { b"[]\n" });
            }
        }
        Ok(out.freeze())
    }
}

impl Writer {
    fn write(&mut self, item: Item, out: &mut BytesMut) -> io::Result<()> {
        match self {
            Self::Lines => {
                out.extend_from_slice(&item.into_text()?);
                out.extend_from_slice(b"\n");
            }
            Self::Ndjson => {
                out.extend_from_slice(&item.into_json()?);
                out.extend_from_slice(b"\n");
            }
            Self::Json(has_begun) => {
                out.extend_from_slice(if *has_begun { b",\n" } else { b"[\n" });
                out.extend_from_slice(&item.into_json()?);
                *has_begun = true;
            }
            Self::Rows(rows) => rows.encode(&item.into_json()?, out)?,
            Self::Msgpack => {
                let value: Value = serde_json::from_slice(&item.into_json()?)?;
                let bytes =
                    rmp_serde::to_vec(&value).map_err(|error| invalid(error.to_string()))?;
                out.extend_from_slice(&bytes);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Converter, DataFormat};

    fn converted(stream: DataFormat, data: DataFormat, bytes: &'static str) -> String {
        let mut converter = Converter::new(stream, data, 1000);
        let mut out = converter.convert(Bytes::from(bytes)).unwrap().to_vec();
        out.extend_from_slice(&converter.finish().unwrap());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn items_are_written_in_each_format() {
        use DataFormat::{Csv, Json, Lines, Ndjson, Tsv};

        let items = "{\"a\":1.10,\"b\":\"x\"}\n{\"b\":null,\"a\":2}\n";
        for (data, expected) in [
            (Lines, items),
            (Ndjson, items),
            (
                Json,
                "[\n{\"a\":1.10,\"b\":\"x\"},\n{\"b\":null,\"a\":2}\n]\n",
            ),
            (Csv, "a,b\n1.10,x\n2,\n"),
            (Tsv, "a\tb\n1.10\tx\n2\t\n"),
        ] {
            assert_eq!(converted(Ndjson, data, items), expected, "{data}");
        }
        assert_eq!(converted(Ndjson, Lines, "\"a\\n\"\n1\n"), "a\n\n1\n");
        assert_eq!(converted(Lines, Ndjson, "a\"b\n"), "\"a\\\"b\"\n");
        assert_eq!(converted(Ndjson, Json, ""), "[]\n");
    }
}
