use std::fmt;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::Child;
use tokio::task::JoinError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

#[cfg(unix)]
use crate::command::Group;
use crate::command::{ending, follow};
use crate::pipeline_file::WorkerSpec;
use crate::terminal::print_error::print_error;

/// How a worker ended for the last time.
#[derive(Debug)]
pub(super) struct Ended {
    /// A sentence without a full stop.
    how: String,
    pub(super) is_success: bool,
}

impl Ended {
    /// For a task that panicked, which is a bug.
    pub(super) fn panicked(error: &JoinError) -> Self {
        Self {
            how: format!("the supervision of a worker has failed: {error}"),
            is_success: false,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.how)
    }
}

/// What ends the workers.
#[derive(Clone)]
pub(super) struct Stop {
    pub(super) terminate: CancellationToken,
    pub(super) kill: CancellationToken,
}

/// Delay before the first restart. It doubles with each further one.
const FIRST_DELAY: Duration = Duration::from_millis(500);

/// The maximum delay. A worker that has run for longer starts with the first delay again.
const MAX_DELAY: Duration = Duration::from_secs(30);

/// Runs a worker, and restarts it when necessary, until it has ended permanently.
pub(super) async fn supervise(worker: WorkerSpec, stop: Stop) -> Ended {
    let mut delay = FIRST_DELAY;
    loop {
        let begun = Instant::now();
        let ended = match run(&worker, &stop).await {
            Ok(ended) => ended,
            Err(error) => {
                let line = worker.command.line();
                // The next attempt would fail as well.
                return Ended {
                    how: format!(
                        "the worker `{}` cannot start `{line}`: {error}",
                        worker.name
                    ),
                    is_success: false,
                };
            }
        };
        if stop.terminate.is_cancelled() || !worker.restart.applies(ended.is_success) {
            return ended;
        }
        if begun.elapsed() > MAX_DELAY {
            delay = FIRST_DELAY;
        }
        print_error(format_args!(
            "note: {ended}; restarting in {}",
            humantime::format_duration(delay)
        ));
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = stop.terminate.cancelled() => return ended,
        }
        delay = (delay * 2).min(MAX_DELAY);
    }
}

/// How long to read the output of a worker after its end. A process that has left the group may
/// hold it open.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Runs a worker once.
async fn run(worker: &WorkerSpec, stop: &Stop) -> io::Result<Ended> {
    let mut process = worker.command.process();
    let mut child = process.stdin(Stdio::null()).spawn()?;
    #[cfg(unix)]
    let group = Group::of(child.id());
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("the worker has no pipes"));
    };
    let name = worker.name.clone();
    let log =
        tokio::spawn(async move { tokio::join!(follow(&name, stdout), follow(&name, stderr)).1 });
    let ended = tokio::select! {
        status = child.wait() => Some(status),
        () = stop.terminate.cancelled() => None,
    };
    let status = if let Some(status) = ended {
        status
    } else {
        #[cfg(unix)]
        group.terminate();
        tokio::select! {
            status = child.wait() => status,
            () = stop.kill.cancelled() => {
                #[cfg(unix)]
                group.kill();
                kill(&mut child).await
            }
        }
    }?;
    #[cfg(unix)]
    group.finish();
    let tail = match tokio::time::timeout(LAST_LINES, log).await {
        Ok(Ok(tail)) => tail,
        _ => String::new(),
    };
    let mut how = format!("the worker `{}` {}", worker.name, ending(status));
    if !status.success() && !tail.is_empty() {
        how = format!("{how} ({tail})");
    }
    Ok(Ended {
        how,
        is_success: status.success(),
    })
}

async fn kill(child: &mut Child) -> io::Result<ExitStatus> {
    child.start_kill()?;
    child.wait().await
}
