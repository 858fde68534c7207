use std::path::PathBuf;
use std::time::Duration;

use pipewright::format::ItemLimits;
use serde_json::Value;

use super::parameter::Parameter;
use super::step::{StageStep, Step};
use super::stream_format::StreamFormat;
use crate::command::CommandSpec;
use crate::exit::Exit;
use crate::failure::Failure;

/// A parsed pipeline.
#[derive(Clone, Debug)]
pub(crate) struct PipelineSpec {
    /// The format of the input.
    pub(crate) format: StreamFormat,
    pub(crate) steps: Vec<Step>,
    /// The maximum duration of a run.
    pub(crate) deadline: Option<Duration>,
    /// The metadata in the header of the stream.
    pub(crate) metadata: Option<Value>,
    /// Maximum size of an item in bytes.
    pub(crate) max_item: usize,
}

impl Default for PipelineSpec {
    fn default() -> Self {
        Self {
            format: StreamFormat::default(),
            steps: Vec::new(),
            deadline: None,
            metadata: None,
            max_item: ItemLimits::DEFAULT.max_bytes,
        }
    }
}

impl PipelineSpec {
    /// Stages and commands in sequence, without parameters.
    pub(crate) fn chain(steps: Vec<String>) -> Result<Self, Failure> {
        let steps = steps
            .into_iter()
            .map(|step| match CommandSpec::parse(&step) {
                None => Ok(Step::Stage(StageStep::new(step))),
                Some(Ok(spec)) => Ok(Step::Stage(StageStep::command(spec))),
                Some(Err(reason)) => Err(Failure::new(Exit::Usage, reason)),
            });
        Ok(Self {
            steps: steps.collect::<Result<_, _>>()?,
            ..Self::default()
        })
    }

    /// Sets parameters and overrides existing ones.
    pub(crate) fn set_params(&mut self, params: Vec<Parameter>) -> Result<(), Failure> {
        params.into_iter().try_for_each(|param| param.give(self))
    }

    /// The ids of the stages, in order.
    pub(crate) fn stage_ids(&self) -> Vec<String> {
        let stages = Step::stages(&self.steps).into_iter();
        stages.map(|stage| stage.id.clone()).collect()
    }

    /// The ids of the stages on workers.
    pub(crate) fn remote_ids(&self) -> Vec<String> {
        let stages = Step::stages(&self.steps).into_iter();
        let stages = stages.filter(|stage| stage.command.is_none());
        stages.map(|stage| stage.id.clone()).collect()
    }

    /// Calls `change` for every stage.
    pub(super) fn for_each_stage(&mut self, mut change: impl FnMut(&mut StageStep)) {
        Step::visit(&mut self.steps, &mut |step| {
            if let Step::Stage(stage) = step {
                change(stage);
            }
        });
    }

    /// Calls `change` for the file of every side branch.
    pub(crate) fn for_each_file(&mut self, mut change: impl FnMut(&mut PathBuf)) {
        Step::visit(&mut self.steps, &mut |step| {
            if let Step::Tee { file, .. } = step {
                change(file);
            }
        });
    }
}
