use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::mistake::{Mistake, Mistakes};
use super::{lower, read};
use crate::cli::draft::Draft;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

/// A pipeline in a file that can be run.
pub(in crate::cli) struct PipelineFile {
    pub(in crate::cli) draft: Draft,
    pub(in crate::cli) input: Option<PathBuf>,
    pub(in crate::cli) output: Option<PathBuf>,
    pub(in crate::cli) retry: Option<Retry>,
    /// Where stages are named.
    pub(in crate::cli) stages: Vec<Named>,
    text: String,
    path: PathBuf,
}

/// When to run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Retry {
    /// How often at the most.
    pub(in crate::cli) times: u32,
    /// How long to wait before.
    pub(in crate::cli) wait: Duration,
}

/// A stage, and where in the file it is named.
pub(in crate::cli) struct Named {
    pub(in crate::cli) id: String,
    pub(in crate::cli) span: Range<usize>,
}

impl PipelineFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// A failure that shows every mistake at its place.
    pub(in crate::cli) fn open(path: &Path) -> Result<Self, Failure> {
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
    pub(in crate::cli) fn parse(text: String, path: &Path) -> Result<Self, Failure> {
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
    pub(in crate::cli) fn refuse(&self, mistakes: &[Mistake]) -> Failure {
        Mistakes::new(&self.path, &self.text, mistakes).into()
    }
}
