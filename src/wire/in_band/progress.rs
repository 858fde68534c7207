use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The progress of a stage. It is sent downstream with the data, at any time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// The stage that reports.
    #[serde(default)]
    pub stage: String,
    /// Items written so far.
    #[serde(default)]
    pub items: u64,
    /// Payload bytes written so far.
    #[serde(default)]
    pub bytes: u64,
    /// Further values that the stage reports.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}
