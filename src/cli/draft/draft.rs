use std::time::Duration;

use serde_json::Value;

use super::parameter::Parameter;
use super::stream_format::StreamFormat;
use crate::cli::failure::Failure;

/// A pipeline before it is one.
#[derive(Debug, Default)]
pub(in crate::cli) struct Draft {
    /// What the input is made of.
    pub(in crate::cli) format: StreamFormat,
    pub(in crate::cli) steps: Vec<Step>,
    /// How long a run may take.
    pub(in crate::cli) deadline: Option<Duration>,
}

/// One step of a pipeline.
#[derive(Debug)]
pub(in crate::cli) enum Step {
    /// A stage on some worker.
    Stage(StageStep),
}

/// A stage on some worker.
#[derive(Debug)]
pub(in crate::cli) struct StageStep {
    pub(in crate::cli) id: String,
    pub(in crate::cli) params: Value,
}

impl Draft {
    /// Stages one after the other, without parameters.
    pub(in crate::cli) fn chain(ids: Vec<String>) -> Self {
        let stage = |id| {
            Step::Stage(StageStep {
                id,
                params: Value::Null,
            })
        };
        Self {
            steps: ids.into_iter().map(stage).collect(),
            ..Self::default()
        }
    }

    /// Sets parameters, over those that are there.
    pub(in crate::cli) fn set_params(&mut self, params: Vec<Parameter>) -> Result<(), Failure> {
        params.into_iter().try_for_each(|param| param.give(self))
    }

    /// The ids of the stages, in the order of the stream.
    pub(in crate::cli) fn stage_ids(&self) -> impl Iterator<Item = &str> {
        self.steps
            .iter()
            .map(|Step::Stage(stage)| stage.id.as_str())
    }

    pub(super) fn stages_mut(&mut self) -> impl Iterator<Item = &mut StageStep> {
        self.steps.iter_mut().map(|Step::Stage(stage)| stage)
    }
}
