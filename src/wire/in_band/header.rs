use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The first frame of a stream: what its bytes mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Header {
    /// Name of the format: `bytes`, `ndjson`, `bincode`, ...
    pub format: String,
    /// Character encoding of a textual format: `utf-8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Compression of the whole payload, `zstd` or `lz4`; absent for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<String>,
    /// Name of the item's type, for people and for messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Shape of the item, where the format is positional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// A promise: the writer sends something that often, if only a heartbeat. In milliseconds;
    /// absent for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_ms: Option<u64>,
    /// The user's own metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Value>,
}

impl Header {
    /// Name of the format of a stream without items.
    pub const BYTES: &'static str = "bytes";

    /// A header that names a format and nothing else.
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
