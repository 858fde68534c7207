use std::fmt;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Deserialize;

/// The format of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StreamFormat {
    /// Bytes, which the stages interpret.
    #[default]
    Bytes,
    /// One JSON value per line; stages with another format reject it.
    Ndjson,
    /// Lines of text; stages with another format reject it.
    Lines,
}

impl fmt::Display for StreamFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes",
            Self::Ndjson => "ndjson",
            Self::Lines => "lines",
        })
    }
}
