//! Commands that inspect an engine and move streams, run as processes as a user runs them.

mod address;
mod bench;
#[cfg(unix)]
mod channel;
mod compression;
mod cut_lists;
#[cfg(unix)]
mod describe;
mod ends;
mod foreign_text;
mod help;
mod listings;
mod project;
mod runs;
mod settings;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod top;
mod trigger;

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::support::{TestEngine, within};

/// The result of a process.
#[derive(Debug)]
struct Ran {
    /// `None` if a signal ended it.
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl Ran {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// Asserts the status, and that only this error and this hint are printed.
    fn failed(self, code: i32, error: &str, hint: &str) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        let told = |begin: &str, text: &str| {
            let mut lines = self.stderr.lines().filter(|line| line.starts_with(begin));
            lines.any(|line| line.contains(text))
        };
        let because = told("error: ", error) || told("  because: ", error);
        assert!(because && told("hint: ", hint), "{self:?}");
        self
    }
}

/// The program, connected to an engine.
fn pipewright(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipewright"));
    command.args(arguments).env("PIPEWRIGHT_ENGINE_URL", url);
    command
}

/// A shell script in `directory`, with the program in its path.
#[cfg(unix)]
fn shell(url: &str, directory: &Path, script: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_pipewright"));
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", program.parent().unwrap().display());
    let mut command = Command::new("sh");
    command
        .args(["-c", script])
        .env("PATH", path)
        .env("PIPEWRIGHT_ENGINE_URL", url)
        .current_dir(directory);
    command
}

/// Runs a command to its end, with `input` as its standard input.
async fn run(mut command: Command, input: &[u8]) -> Ran {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let feed = async move {
        // A command that needs no input does not read it.
        let _ = stdin.write_all(input).await;
    };
    let (output, ()) = within(async { tokio::join!(child.wait_with_output(), feed) }).await;
    let output = output.unwrap();
    Ran {
        code: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the program without input.
async fn look(engine: &TestEngine, arguments: &[&str]) -> Ran {
    look_with(engine, arguments, b"").await
}

/// Runs the program in the namespace of the test.
async fn look_with(engine: &TestEngine, arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = pipewright(engine.url(), arguments);
    let namespace = engine.namespace();
    command.envs(namespace.map(|namespace| ("III_NAMESPACE", namespace)));
    run(command, input).await
}
