use std::path::PathBuf;

use tempfile::TempDir;

use crate::program::Output;
use crate::program::Program;

/// A temporary directory with a pipeline file.
pub(super) struct Scratch(TempDir);

impl Scratch {
    pub(super) fn new(pipeline: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("pipeline.toml"), pipeline).unwrap();
        Self(directory)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The path of the pipeline.
    pub(super) fn pipeline(&self) -> String {
        self.path("pipeline.toml").to_str().unwrap().to_owned()
    }

    /// Runs a command of the program on the file, with arguments separated by blanks. In its
    /// output, the file is called `pipeline.toml`.
    pub(super) async fn command(&self, command: &str, arguments: &str) -> Output {
        let path = self.pipeline();
        let mut all = vec![command, &path];
        all.extend(arguments.split_whitespace());
        let mut output = Program::pipewright(&all).output().await;
        output.stderr = output.stderr.replace(&path, "pipeline.toml");
        output
    }
}
