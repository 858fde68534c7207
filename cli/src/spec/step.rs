use std::path::PathBuf;

use serde_json::Value;

use super::stream_format::StreamFormat;
use crate::command::CommandSpec;

/// One step of a pipeline.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A remote stage.
    Stage(StageStep),
    /// Also writes everything to a file, through the stages in `steps`.
    Tee { file: PathBuf, steps: Vec<Step> },
    /// Sends every item to each of the branches and merges their outputs.
    Broadcast {
        branches: Vec<Vec<Step>>,
        /// The format of the branches' outputs.
        writes: StreamFormat,
    },
    /// Sends items with equal keys to the same branch.
    Partition {
        /// A JSON pointer to the key of an item; without it, the item is its own key.
        by: Option<String>,
        /// Number of branches.
        into: usize,
        /// The stages of each branch.
        steps: Vec<Step>,
        /// The format of the branches' outputs.
        writes: StreamFormat,
    },
}

/// A remote stage with its settings.
#[derive(Clone, Debug)]
pub(crate) struct StageStep {
    pub(crate) id: String,
    pub(crate) params: Value,
    /// The command that runs in this process, instead of a stage on a worker.
    pub(crate) command: Option<CommandSpec>,
    /// The output format; default: the input format.
    pub(crate) writes: Option<StreamFormat>,
    /// Number of concurrent copies.
    pub(crate) copies: usize,
    /// Whether the outputs of copies keep the order of their inputs.
    pub(crate) ordered: bool,
}

impl StageStep {
    /// A single stage without parameters.
    pub(crate) fn new(id: String) -> Self {
        Self {
            id,
            params: Value::Null,
            command: None,
            writes: None,
            copies: 1,
            ordered: false,
        }
    }
}

impl StageStep {
    /// A command of this process.
    pub(crate) fn command(spec: CommandSpec) -> Self {
        let name = spec.name();
        Self {
            command: Some(spec),
            ..Self::new(name)
        }
    }
}

impl Step {
    /// The output format for this input format.
    pub(crate) fn writes(&self, reads: StreamFormat) -> StreamFormat {
        match self {
            Self::Stage(stage) => stage.writes.unwrap_or(reads),
            Self::Tee { .. } => reads,
            Self::Broadcast { writes, .. } | Self::Partition { writes, .. } => *writes,
        }
    }

    /// The stages in the steps, in order.
    pub(super) fn stages(steps: &[Self]) -> Vec<&StageStep> {
        let mut found = Vec::new();
        for step in steps {
            match step {
                Self::Stage(stage) => found.push(stage),
                Self::Tee { steps, .. } | Self::Partition { steps, .. } => {
                    found.extend(Self::stages(steps));
                }
                Self::Broadcast { branches, .. } => {
                    found.extend(branches.iter().flat_map(|branch| Self::stages(branch)));
                }
            }
        }
        found
    }

    /// Calls `visit` for each step, including nested ones.
    pub(super) fn visit(steps: &mut [Self], visit: &mut impl FnMut(&mut Self)) {
        for step in steps {
            visit(step);
            match step {
                Self::Stage(_) => {}
                Self::Tee { steps, .. } | Self::Partition { steps, .. } => {
                    Self::visit(steps, visit);
                }
                Self::Broadcast { branches, .. } => {
                    for branch in branches {
                        Self::visit(branch, visit);
                    }
                }
            }
        }
    }
}
