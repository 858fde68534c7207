use std::path::PathBuf;

use serde_json::Value;

use super::stream_format::StreamFormat;

/// One step of a pipeline.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A stage on some worker.
    Stage(StageStep),
    /// Everything goes to a file as well, through stages of its own.
    Tee { file: PathBuf, steps: Vec<Step> },
    /// Every item goes to each of the branches, and what comes out of them goes on.
    Broadcast {
        branches: Vec<Vec<Step>>,
        /// What comes out of each branch.
        writes: StreamFormat,
    },
    /// Items with equal keys go to the same branch.
    Partition {
        /// Where the key is in an item, as a JSON pointer; without, the item is its own key.
        by: Option<String>,
        /// How many branches.
        into: usize,
        /// The stages of each branch.
        steps: Vec<Step>,
        /// What comes out of each branch.
        writes: StreamFormat,
    },
}

/// A stage on some worker.
#[derive(Clone, Debug)]
pub(crate) struct StageStep {
    pub(crate) id: String,
    pub(crate) params: Value,
    /// What comes out; as what comes in unless told.
    pub(crate) writes: Option<StreamFormat>,
    /// How often it runs, side by side.
    pub(crate) copies: usize,
    /// Whether the outputs of copies are in the order of their inputs.
    pub(crate) ordered: bool,
}

impl StageStep {
    /// A stage without parameters, once.
    pub(crate) fn new(id: String) -> Self {
        Self {
            id,
            params: Value::Null,
            writes: None,
            copies: 1,
            ordered: false,
        }
    }
}

impl Step {
    /// What comes out of it, if that comes in.
    pub(crate) fn writes(&self, reads: StreamFormat) -> StreamFormat {
        match self {
            Self::Stage(stage) => stage.writes.unwrap_or(reads),
            Self::Tee { .. } => reads,
            Self::Broadcast { writes, .. } | Self::Partition { writes, .. } => *writes,
        }
    }

    /// The stages in steps, in the order in which they are written.
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

    /// Shows each of the steps to `visit`, and those within it.
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
