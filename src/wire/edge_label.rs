use serde::{Deserialize, Serialize};

/// What a pipeline says of a channel that it makes, in the `metadata` of the call: which edge of
/// which run it is. An engine that does not know it passes over it.
///
/// Stages that run within the process of their pipeline are seen by nobody else. With this an
/// engine can name them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EdgeLabel {
    /// The version of this, 1.
    pub(crate) pipewright: u8,
    /// Names the run among those of the worker.
    pub(crate) run: String,
    pub(crate) writer: NodeLabel,
    pub(crate) reader: NodeLabel,
}

/// A node of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NodeLabel {
    /// Its place in the pipeline, from 0.
    pub(crate) node: usize,
    pub(crate) name: String,
}
