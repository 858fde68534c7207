use std::process::Stdio;

use pipewright::testing::faults::ProcessFault;
use pipewright::{Error, Result};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A process of a round: this program, in a role. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    /// The line that it printed when it was ready.
    pub(crate) line: String,
}

impl Process {
    pub(crate) async fn start(arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| Error::msg("no output"))?;
        let line = BufReader::new(stdout).lines().next_line().await?;
        let line = line.ok_or_else(|| Error::msg(format!("`{}` has not begun", arguments[0])))?;
        Ok(Self { child, line })
    }

    pub(crate) fn strike(&self, fault: ProcessFault) -> Result<()> {
        let id = self.child.id().ok_or_else(|| Error::msg("it has ended"))?;
        Ok(fault.strike(id)?)
    }
}
