//! `pipewright up` with workers of shell commands, some of which serve stages by the program.

mod pipeline;
mod serve;

use tempfile::TempDir;
use tokio::process::Command;

use crate::run::Filter;

/// A directory with a pipeline file, in which `PIPEWRIGHT` is the program and `DIR` the directory.
pub(super) struct Up(TempDir);

impl Up {
    pub(super) fn new(file: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().display().to_string();
        let text = file
            .replace("PIPEWRIGHT", env!("CARGO_BIN_EXE_pipewright"))
            .replace("DIR", &path);
        std::fs::write(directory.path().join("up.toml"), text).unwrap();
        Self(directory)
    }

    /// A command of the program on the file.
    pub(super) fn command(&self, command: &str, arguments: &[&str]) -> Filter {
        let mut program = Command::new(env!("CARGO_BIN_EXE_pipewright"));
        for name in ["III_URL", "III_TOKEN", "PIPEWRIGHT_TOKEN"] {
            program.env_remove(name);
        }
        program
            .arg(command)
            .arg(self.0.path().join("up.toml"))
            .args(arguments);
        Filter::of(&mut program)
    }

    pub(super) fn start(&self, arguments: &[&str]) -> Filter {
        self.command("up", arguments)
    }

    /// The content of a file in the directory.
    pub(super) fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// Whether the process whose id is in a file has ended.
    pub(super) fn is_gone(&self, name: &str) -> bool {
        let stat = format!("/proc/{}/stat", self.file(name).trim());
        // An ended process that was not reaped is a zombie.
        !std::fs::read_to_string(stat).is_ok_and(|stat| !stat.contains(") Z "))
    }
}
