use std::path::PathBuf;

use super::input::Input;
use super::output::Output;
use crate::convert::DataFormat;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::pipeline_file::{PipelineFile, Retry};
use crate::spec::PipelineSpec;

/// A pipeline with its input and output.
#[derive(Clone, Default)]
pub(crate) struct Job {
    pub(super) spec: PipelineSpec,
    pub(super) input: Option<PathBuf>,
    pub(super) output: Option<PathBuf>,
    pub(super) retry: Option<Retry>,
    /// The formats of input and output, where they were chosen.
    pub(super) formats: (Option<DataFormat>, Option<DataFormat>),
}

/// A job with its files open.
pub(super) struct Opened {
    pub(super) spec: PipelineSpec,
    pub(super) input: Input,
    pub(super) output: Output,
    /// The files of side branches; each is written by its branch.
    pub(super) sides: Vec<Output>,
}

impl Job {
    /// Whether input and output are files, so that a run can be repeated.
    pub(super) fn can_begin_again(&self) -> Result<(), Failure> {
        let file = |path: &Option<PathBuf>| path.as_deref().is_some_and(|path| path != "-");
        if self.retry.is_none() || (file(&self.input) && file(&self.output)) {
            return Ok(());
        }
        let message = "a run that is to be tried again needs files as input and output";
        let hint = "name them by `--input` and `--output`, or leave `retry` out";
        Err(Failure::new(Exit::Usage, message).hint(hint))
    }

    /// The ids of the stages on workers.
    pub(crate) fn stage_ids(&self) -> Vec<String> {
        self.spec.remote_ids()
    }

    pub(super) async fn open(&self) -> Result<Opened, Failure> {
        let mut spec = self.spec.clone();
        let input = Input::open(self.input.as_deref()).await?;
        let output = Output::open(self.output.as_deref()).await?;
        let mut files = Vec::new();
        spec.for_each_file(|file| files.push(file.clone()));
        let mut sides = Vec::new();
        for file in &files {
            sides.push(Output::open(Some(file)).await?);
        }
        let mut places = sides.iter();
        spec.for_each_file(|file| {
            if let Some(output) = places.next() {
                *file = output.place(file);
            }
        });
        Ok(Opened {
            spec,
            input,
            output,
            sides,
        })
    }

    /// Creates a job of stages in sequence.
    pub(super) fn of_stages(steps: Vec<String>) -> Result<Self, Failure> {
        Ok(Self {
            spec: PipelineSpec::chain(steps)?,
            ..Self::default()
        })
    }

    /// The pipeline of a file.
    pub(crate) fn of_file(file: PipelineFile) -> Self {
        Self {
            spec: file.spec,
            input: file.input,
            output: file.output,
            retry: file.retry,
            ..Self::default()
        }
    }
}
