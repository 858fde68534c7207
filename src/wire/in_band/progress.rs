use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How far a stage has come; travels downstream with the data, at any time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// The stage that tells.
    #[serde(default)]
    pub stage: String,
    /// Items that it has written.
    #[serde(default)]
    pub items: u64,
    /// Payload bytes that it has written.
    #[serde(default)]
    pub bytes: u64,
    /// Whatever else it tells.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}
