use std::io;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// How long a signal may take until its effect is visible. It takes less than a millisecond on an
/// idle machine.
const EFFECT: Duration = Duration::from_secs(10);

/// How often the state of the process is read meanwhile: the system announces it to the parent
/// only, and the process may be anybody's.
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
    /// It ends at once, without a chance to say good-bye. The system closes its connections.
    Kill,
    /// It stands still. Its connections stay open, and nobody serves them.
    Stop,
    /// It goes on after a [`Stop`](Self::Stop).
    Continue,
}

impl ProcessFault {
    /// Strikes the process `id` and returns when the effect is there: after [`Stop`](Self::Stop)
    /// none of its threads runs any more, after [`Kill`](Self::Kill) it has ended. It may still
    /// have to be reaped by its parent.
    ///
    /// Blocks the thread, usually for a few milliseconds. Uses the programs `kill` and `ps`.
    ///
    /// # Errors
    ///
    /// When there is no such process, when the caller may not send it signals, when `kill` or `ps`
    /// is missing, or when the effect is not visible after 10 s.
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

    /// Whether the signal has taken effect. The system delivers signals later than `kill` returns.
    fn is_effective(self, id: u32) -> io::Result<bool> {
        let states = thread_states(id)?;
        Ok(match self {
            Self::Kill => states.iter().all(|state| matches!(state, 'Z' | 'X')),
            Self::Stop => states.iter().all(|state| matches!(state, 'T' | 'Z' | 'X')),
            Self::Continue => states.iter().all(|state| *state != 'T'),
        })
    }
}

/// The state letter of each thread, as `ps` prints it; empty once the process is gone.
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
        // The name stands in parentheses and may hold any character, also parentheses.
        let state = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.chars().next());
        states.extend(state);
    }
    Ok(states)
}

/// The state letter of the process, as `ps` prints it; empty once the process is gone.
#[cfg(not(target_os = "linux"))]
fn thread_states(id: u32) -> io::Result<Vec<char>> {
    let output = Command::new("ps")
        .args(["-o", "state=", "-p", &id.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.trim().chars().take(1).collect())
}
