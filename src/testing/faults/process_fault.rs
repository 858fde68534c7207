use std::io;
use std::process::Command;

/// What may happen to a program. On Unix only.
///
/// ```no_run
/// use pipewright::testing::faults::ProcessFault;
///
/// # fn main() -> std::io::Result<()> {
/// let worker = std::process::Command::new("my-worker").spawn()?;
/// ProcessFault::Stop.strike(worker.id())?; // it hangs, its connections stay
/// ProcessFault::Continue.strike(worker.id())?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProcessFault {
    /// It ends at once, without a chance to say good-bye. The system closes its connections.
    Kill,
    /// It stands still. Its connections stay open, and nobody serves them.
    Stop,
    /// It goes on after a [`Stop`](Self::Stop).
    Continue,
}

impl ProcessFault {
    /// Does this to the process `id`, by the program `kill` of POSIX. Blocks for the milliseconds
    /// that this takes.
    ///
    /// # Errors
    ///
    /// When there is no such process, or it is not ours, or there is no `kill`.
    pub fn strike(self, id: u32) -> io::Result<()> {
        let signal = match self {
            Self::Kill => "KILL",
            Self::Stop => "STOP",
            Self::Continue => "CONT",
        };
        let output = Command::new("kill")
            .args(["-s", signal, &id.to_string()])
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        let reason = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!(
            "cannot send {signal} to process {id}: {}",
            reason.trim()
        )))
    }
}
