use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::wire::StreamChannelRef;

/// The payload that triggers a stage.
///
/// On the wire `{"readerRef": {..}, "writerRef": {..}, "params": ..}`; `reader_ref` or `reader`,
/// `writer_ref` or `writer` are accepted as well, and other members ignored. `cancelRef` and
/// `progressMs` may stand beside them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StageRequest {
    /// Where the stage reads; a producer has none.
    #[serde(
        default,
        rename = "readerRef",
        alias = "reader_ref",
        alias = "reader",
        skip_serializing_if = "Option::is_none"
    )]
    pub reader_ref: Option<StreamChannelRef>,
    /// Where the stage writes; a consumer has none.
    #[serde(
        default,
        rename = "writerRef",
        alias = "writer_ref",
        alias = "writer",
        skip_serializing_if = "Option::is_none"
    )]
    pub writer_ref: Option<StreamChannelRef>,
    /// A channel whose end cancels the run: the stage opens it and stops when it closes. A stage
    /// that knows nothing of it goes on until its streams end.
    #[serde(default, rename = "cancelRef", skip_serializing_if = "Option::is_none")]
    pub cancel_ref: Option<StreamChannelRef>,
    /// How often the stage tells its progress, in milliseconds; every second unless told.
    #[serde(
        default,
        rename = "progressMs",
        skip_serializing_if = "Option::is_none"
    )]
    pub progress_ms: Option<u64>,
    /// The parameters of the run.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub params: Value,
}
