use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// The first argument of this program when it runs a role.
pub const ROLE: &str = "role";

/// The maximum time until a process prints its next line.
const PATIENCE: Duration = Duration::from_mins(3);

/// A process that runs a role, or the program itself. Dropping it ends it.
///
/// It writes lines to its standard output and reads lines from its standard input. The end of its
/// standard input makes a role end, so that none outlives the suite.
pub struct Process {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    name: String,
}

impl Process {
    /// Starts this program in a role.
    pub fn role<S: AsRef<str>>(role: &[S]) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(ROLE);
        command.args(role.iter().map(AsRef::as_ref));
        let name = role.first().map_or("", AsRef::as_ref);
        Self::start(&mut command, name)
    }

    pub fn start(command: &mut Command, name: &str) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let input = child.stdin.take().context("a pipe")?;
        let output = child.stdout.take().context("a pipe")?;
        let (said, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if said.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            child,
            input,
            lines,
            name: name.to_owned(),
        })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line that the process prints.
    pub fn line(&self) -> Result<String> {
        self.lines
            .recv_timeout(PATIENCE)
            .with_context(|| format!("the process {} says nothing", self.name))
    }

    /// The next line, if it was printed already.
    pub fn line_within(&self, patience: Duration) -> Option<String> {
        self.lines.recv_timeout(patience).ok()
    }

    /// Makes the process begin.
    pub fn go(&mut self) -> Result<()> {
        self.input
            .write_all(b"go\n")
            .context("the process has gone")
    }

    /// Waits until the process has ended successfully.
    pub fn finish(mut self) -> Result<()> {
        let status = self.child.wait()?;
        ensure!(
            status.success(),
            "the process {} failed: {status}",
            self.name
        );
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
