use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::parameter::Parameter;
use super::step::{StageStep, Step};
use super::stream_format::StreamFormat;
use crate::cli::failure::Failure;

/// A pipeline before it is one.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Draft {
    /// What the input is made of.
    pub(in crate::cli) format: StreamFormat,
    pub(in crate::cli) steps: Vec<Step>,
    /// How long a run may take.
    pub(in crate::cli) deadline: Option<Duration>,
    /// What the header of the stream tells the stages.
    pub(in crate::cli) metadata: Option<Value>,
}

impl Draft {
    /// Stages one after the other, without parameters.
    pub(in crate::cli) fn chain(ids: Vec<String>) -> Self {
        let steps = ids.into_iter().map(StageStep::new).map(Step::Stage);
        Self {
            steps: steps.collect(),
            ..Self::default()
        }
    }

    /// Sets parameters, over those that are there.
    pub(in crate::cli) fn set_params(&mut self, params: Vec<Parameter>) -> Result<(), Failure> {
        params.into_iter().try_for_each(|param| param.give(self))
    }

    /// The ids of the stages, in the order in which they are written.
    pub(in crate::cli) fn stage_ids(&self) -> Vec<String> {
        let mut ids = Vec::new();
        let mut steps = self.steps.clone();
        Step::visit(&mut steps, &mut |step| {
            if let Step::Stage(stage) = step {
                ids.push(stage.id.clone());
            }
        });
        ids
    }

    /// Lets `change` at every stage.
    pub(super) fn for_each_stage(&mut self, mut change: impl FnMut(&mut StageStep)) {
        Step::visit(&mut self.steps, &mut |step| {
            if let Step::Stage(stage) = step {
                change(stage);
            }
        });
    }

    /// Lets `change` at the file of every side branch.
    pub(in crate::cli) fn for_each_file(&mut self, mut change: impl FnMut(&mut PathBuf)) {
        Step::visit(&mut self.steps, &mut |step| {
            if let Step::Tee { file, .. } = step {
                change(file);
            }
        });
    }
}
