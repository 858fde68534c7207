use std::io;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// Maximum time until the effect of a signal is visible. It takes less than a millisecond on an
/// idle machine.
const EFFECT: Duration = Duration::from_secs(10);

/// Polling interval of the process state. The system notifies only the parent, but this process may
/// not be the parent.
const POLL: Duration = Duration::from_millis(1);

/// A fault of a whole process. Unix only.
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
    /// Terminates the process immediately, without cleanup. The system closes its connections.
    Kill,
    /// Stops the process. Its connections stay open but are not served.
    Stop,
    /// Continues the process after a [`Stop`](Self::Stop).
    Continue,
}

impl ProcessFault {
    /// Applies the fault to the process `id` and returns when it has taken effect. After
    /// [`Stop`](Self::Stop), none of its threads runs. After [`Kill`](Self::Kill), it has ended,
    /// but its parent may still have to reap it.
    ///
    /// Blocks the thread, usually for a few milliseconds. Uses the programs `kill` and `ps`.
    ///
    /// # Errors
    ///
    /// Fails if the process does not exist, if the caller may not send it signals, if `kill` or
    /// `ps` is missing, or if there is no visible effect after 10 s.
    pub fn strike(self, id: u32) -> io::Result<()> {
        let signal = match self {
            Self::Kill => "KILL",
            Self::Stop => "STOP",
            Self::Continue => "CONT",
        };
        let output = Command::new("kill")
            .args(["-s", signal, &id.to_string()])
            .output()?;
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!(
                "cannot send {signal} to process {id}: {}",
                reason.trim()
            )));
        }
        let begin = Instant::now();
        while !self.is_effective(id)? {
            if begin.elapsed() > EFFECT {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("{signal} had no effect on process {id} within {EFFECT:?}"),
                ));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Whether the signal has taken effect, which happens after `kill` returns.
    fn is_effective(self, id: u32) -> io::Result<bool> {
        let states = thread_states(id)?;
        Ok(match self {
            Self::Kill => states.iter().all(|state| matches!(state, 'Z' | 'X')),
            Self::Stop => states.iter().all(|state| matches!(state, 'T' | 'Z' | 'X')),
            Self::Continue => states.iter().all(|state| *state != 'T'),
        })
    }
}

/// The state letter of each thread, as printed by `ps`; empty after the process has ended.
#[cfg(target_os = "linux")]
fn thread_states(id: u32) -> io::Result<Vec<char>> {
    let tasks = match std::fs::read_dir(format!("/proc/{id}/task")) {
        Ok(tasks) => tasks,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut states = Vec::new();
    for task in tasks {
        // A thread, or the process, may end between listing and reading.
        let Ok(task) = task else { continue };
        let Ok(stat) = std::fs::read_to_string(task.path().join("stat")) else {
            continue;
        };
        // The name is in parentheses and may contain any character, including parentheses.
        let state = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.chars().next());
        states.extend(state);
    }
    Ok(states)
}

/// The state letter of the process, as printed by `ps`; empty after the process has ended.
#[cfg(not(target_os = "linux"))]
fn thread_states(id: u32) -> io::Result<Vec<char>> {
    let output = Command::new("ps")
        .args(["-o", "state=", "-p", &id.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.trim().chars().take(1).collect())
}
