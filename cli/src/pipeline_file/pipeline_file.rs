use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::mistake::{Mistake, Mistakes};
use super::workers::WorkerSpec;
use super::{lower, read};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::source::Source;
use crate::spec::PipelineSpec;

/// A validated pipeline file.
pub(crate) struct PipelineFile {
    pub(crate) spec: PipelineSpec,
    pub(crate) input: Option<PathBuf>,
    pub(crate) output: Option<PathBuf>,
    pub(crate) retry: Option<Retry>,
    /// The stages with their positions.
    pub(crate) stages: Vec<Named>,
    /// The workers that `pipewright up` starts.
    pub(crate) workers: Vec<WorkerSpec>,
    text: String,
    path: PathBuf,
}

/// When to run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retry {
    /// Maximum number of repetitions.
    pub(crate) times: u32,
    /// Delay before the first repetition. It doubles with each further one.
    pub(crate) wait: Duration,
}

impl Retry {
    /// The delay, if none is given.
    pub(crate) const WAIT: Duration = Duration::from_secs(1);
    /// The delay does not grow beyond this.
    pub(crate) const MAX_WAIT: Duration = Duration::from_secs(300);
}

/// A stage and its position in the file.
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) span: Range<usize>,
}

impl PipelineFile {
    /// Reads a file, or standard input for `-`.
    ///
    /// # Errors
    ///
    /// Returns a failure that shows every error with its position.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        if path == "-" {
            let text = Source::Stdin.read()?;
            return Self::parse(text, Path::new("standard input"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| {
            let message = format!("cannot read {}: {error}", path.display());
            Failure::new(Exit::Usage, message)
        })?;
        Self::parse(text, path)
    }

    /// Parses the text of the file at `path`.
    ///
    /// # Errors
    ///
    /// Like [`open`](Self::open).
    pub(crate) fn parse(text: String, path: &Path) -> Result<Self, Failure> {
        match read::read(&text).and_then(lower::lower) {
            Ok(lowered) => Ok(Self {
                spec: lowered.spec,
                input: lowered.input,
                output: lowered.output,
                retry: lowered.retry,
                stages: lowered.stages,
                workers: lowered.workers,
                text,
                path: path.to_owned(),
            }),
            Err(mistakes) => Err(Mistakes::new(path, &text, &mistakes).into()),
        }
    }

    /// Rejects a file that has only workers, for commands that need a pipeline.
    pub(crate) fn needs_steps(&self) -> Result<(), Failure> {
        if !self.spec.steps.is_empty() {
            return Ok(());
        }
        let message = format!("{} has workers, but no `steps`", self.path.display());
        Err(Failure::new(Exit::Usage, message)
            .hint("add `[[steps]]`, or serve the workers by `pipewright up FILE`"))
    }

    /// Creates a failure that shows errors found later.
    pub(crate) fn refuse(&self, mistakes: &[Mistake]) -> Failure {
        Mistakes::new(&self.path, &self.text, mistakes).into()
    }
}
