use std::fmt;

use clap::ValueEnum;

use crate::spec::StreamFormat;

/// The format of data outside of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataFormat {
    /// Bytes, unchanged.
    Bytes,
    /// Lines of UTF-8 text. A line ends with LF or CRLF.
    Lines,
    /// A JSON value on each line. Blank lines are skipped.
    Ndjson,
    /// JSON values of any layout. The elements of an array are items; the output is one array.
    Json,
    /// Comma-separated values with a header line; items are objects.
    Csv,
    /// Like `csv`, but separated by tabs.
    Tsv,
    /// `MessagePack` values, one after the other.
    Msgpack,
}

impl fmt::Display for DataFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes",
            Self::Lines => "lines",
            Self::Ndjson => "ndjson",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Msgpack => "msgpack",
        })
    }
}

impl From<StreamFormat> for DataFormat {
    fn from(format: StreamFormat) -> Self {
        match format {
            StreamFormat::Bytes => Self::Bytes,
            StreamFormat::Lines => Self::Lines,
            StreamFormat::Ndjson => Self::Ndjson,
        }
    }
}
