use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use serde::{Deserialize, Serialize};
use tokio::process::Command;

/// A command and its environment. It is run without a shell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CommandSpec {
    /// The program and its arguments; never empty.
    pub(crate) command: Vec<String>,
    /// The working directory, if it differs from that of this process.
    pub(crate) directory: Option<PathBuf>,
    /// Additional environment variables.
    pub(crate) env: BTreeMap<String, String>,
}

/// Marks a step of a pipeline as a command.
const PREFIX: &str = "cmd:";

impl CommandSpec {
    pub(crate) fn new(command: Vec<String>) -> Self {
        Self {
            command,
            ..Self::default()
        }
    }

    /// Parses `cmd:PROGRAM ARGUMENT..`, with the quoting rules of a shell but no other shell
    /// syntax. Returns `None` for the id of a stage.
    pub(crate) fn parse(step: &str) -> Option<Result<Self, String>> {
        let command = step.strip_prefix(PREFIX)?;
        Some(match shlex::split(command) {
            Some(words) if !words.is_empty() => Ok(Self::new(words)),
            Some(_) => Err(format!("`{step}` has no command; write cmd:PROGRAM")),
            None => Err(format!("`{step}` has a quote that is not closed")),
        })
    }

    /// The name of the command as a step of a pipeline.
    pub(crate) fn name(&self) -> String {
        format!("{PREFIX}{}", self.line())
    }

    /// The command line as it would be written in a shell.
    pub(crate) fn line(&self) -> String {
        let words = self.command.iter().map(|word| {
            shlex::try_quote(word).map_or_else(|_| word.clone(), std::borrow::Cow::into_owned)
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// The name of the program without its arguments.
    pub(super) fn program(&self) -> &str {
        self.command.first().map_or("", String::as_str)
    }

    /// The process to spawn, with pipes and its own process group.
    pub(crate) fn process(&self) -> Command {
        let mut process = Command::new(self.program());
        process
            .args(self.command.iter().skip(1))
            .envs(&self.env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(directory) = &self.directory {
            process.current_dir(directory);
        }
        #[cfg(unix)]
        process.process_group(0);
        #[cfg(not(unix))]
        process.kill_on_drop(true);
        process
    }
}

#[cfg(test)]
mod tests {
    use super::CommandSpec;

    #[test]
    fn a_step_may_be_a_command_with_quotes() {
        let parsed = |step: &str| CommandSpec::parse(step).unwrap();
        let spec = parsed("cmd:jq -c '.user | .id' \"a b\"").unwrap();
        assert_eq!(spec.command, ["jq", "-c", ".user | .id", "a b"]);
        assert_eq!(parsed(&spec.name()).unwrap(), spec);
        assert!(CommandSpec::parse("text::upper").is_none());
        assert!(parsed("cmd: ").is_err());
        assert!(parsed("cmd:a 'b").is_err());
    }
}
