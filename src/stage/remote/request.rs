use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::wire::{Abort, StreamChannelRef};

/// The payload that triggers a stage.
///
/// On the wire: `{"readerRef": {..}, "writerRef": {..}, "params": ..}`. The names `reader_ref` or
/// `reader`, and `writer_ref` or `writer`, are accepted as well; other members are ignored.
/// `cancelRef` and `progressMs` are optional.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StageRequest {
    /// The input of the stage; absent for a producer.
    #[serde(
        default,
        rename = "readerRef",
        alias = "reader_ref",
        alias = "reader",
        skip_serializing_if = "Option::is_none"
    )]
    pub reader_ref: Option<StreamChannelRef>,
    /// The output of the stage; absent for a consumer.
    #[serde(
        default,
        rename = "writerRef",
        alias = "writer_ref",
        alias = "writer",
        skip_serializing_if = "Option::is_none"
    )]
    pub writer_ref: Option<StreamChannelRef>,
    /// A channel whose end cancels the run: the stage opens it and stops when it closes. A stage
    /// that does not support this continues until its streams end.
    #[serde(default, rename = "cancelRef", skip_serializing_if = "Option::is_none")]
    pub cancel_ref: Option<StreamChannelRef>,
    /// Interval of progress messages in milliseconds; default: 1000.
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

/// The failure of a stage as its caller receives it, in the message of the error. Callers of older
/// versions ignore the worker.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FailedStage {
    #[serde(flatten)]
    pub(super) abort: Abort,
    /// The name of the worker that ran the stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) worker: Option<String>,
}
