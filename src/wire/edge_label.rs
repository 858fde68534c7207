use serde::{Deserialize, Serialize};

/// Tells the engine which edge of a run a channel carries. A pipeline sends it in the `metadata` of
/// the call that creates the channel; other engines ignore it.
///
/// The engine cannot see stages that run in the process of their pipeline. With this label it can
/// name them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EdgeLabel {
    /// The version of the label, 1.
    pub(crate) pipewright: u8,
    /// Identifies the run among the runs of the worker.
    pub(crate) run: String,
    pub(crate) writer: NodeLabel,
    pub(crate) reader: NodeLabel,
}

/// A node of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NodeLabel {
    /// The node's position in the pipeline, from 0.
    pub(crate) node: usize,
    pub(crate) name: String,
}
