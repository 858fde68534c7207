use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The first frame of a stream. It describes the payload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Header {
    /// Name of the format, such as `bytes`, `ndjson` or `bincode`.
    pub format: String,
    /// Character encoding of a text format: `utf-8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Compression of the whole payload, `zstd` or `lz4`; absent for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<String>,
    /// Name of the item type, used in messages for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Shape of the item, if the format is positional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// The interval, in milliseconds, at which the writer promises to send at least a heartbeat.
    /// Absent if it promises none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_ms: Option<u64>,
    /// The user's metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Value>,
}

impl Header {
    /// Format name of a stream without items.
    pub const BYTES: &'static str = "bytes";

    /// Creates a header with a format and nothing else.
    pub fn new(format: impl Into<String>) -> Self {
        Self {
            format: format.into(),
            encoding: None,
            compression: None,
            item: None,
            schema: None,
            heartbeat_ms: None,
            content: None,
        }
    }
}
