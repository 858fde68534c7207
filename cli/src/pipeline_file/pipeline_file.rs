use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::mistake::{Mistake, Mistakes};
use super::{lower, read};
use crate::draft::Draft;
use crate::exit::Exit;
use crate::failure::Failure;

/// A pipeline in a file that can be run.
pub(crate) struct PipelineFile {
    pub(crate) draft: Draft,
    pub(crate) input: Option<PathBuf>,
    pub(crate) output: Option<PathBuf>,
    pub(crate) retry: Option<Retry>,
    /// Where stages are named.
    pub(crate) stages: Vec<Named>,
    text: String,
    path: PathBuf,
}

/// When to run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retry {
    /// How often at the most.
    pub(crate) times: u32,
    /// How long to wait before.
    pub(crate) wait: Duration,
}

/// A stage, and where in the file it is named.
pub(crate) struct Named {
    pub(crate) id: String,
    pub(crate) span: Range<usize>,
}

impl PipelineFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// A failure that shows every mistake at its place.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let message = format!("cannot read {}: {error}", path.display());
            Failure::new(Exit::Usage, message)
        })?;
        Self::parse(text, path)
    }

    /// Reads the text of the file at `path`.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub(crate) fn parse(text: String, path: &Path) -> Result<Self, Failure> {
        match read::read(&text).and_then(lower::lower) {
            Ok(lowered) => Ok(Self {
                draft: lowered.draft,
                input: lowered.input,
                output: lowered.output,
                retry: lowered.retry,
                stages: lowered.stages,
                text,
                path: path.to_owned(),
            }),
            Err(mistakes) => Err(Mistakes::new(path, &text, &mistakes).into()),
        }
    }

    /// A failure that shows mistakes that were found later.
    pub(crate) fn refuse(&self, mistakes: &[Mistake]) -> Failure {
        Mistakes::new(&self.path, &self.text, mistakes).into()
    }
}
