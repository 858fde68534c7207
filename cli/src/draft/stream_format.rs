use std::fmt;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Deserialize;

/// What a stream is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StreamFormat {
    /// Bytes that the stages make of what they like.
    #[default]
    Bytes,
    /// A JSON value a line; stages that read another format refuse it.
    Ndjson,
    /// Lines of text; stages that read another format refuse it.
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
