use std::cell::RefCell;
use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use pipewright::pipeline::RunSource;
use pipewright::{Event, Run, RunError, RunReport};

use super::output::Output;
use super::progress::Display;
use super::run_progress::RunProgress;
use crate::convert::Converter;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::signals::Signals;

/// Why copying stopped before the end of the run.
pub(super) enum Stopped {
    /// The run failed.
    Run(RunError),
    /// The output cannot be written.
    Output(io::Error),
    /// Cancelled by a signal.
    Cancelled,
}

/// How long to wait silently for a run to be cancelled.
const EXIT_DELAY: Duration = Duration::from_millis(500);

/// Writes the output of a run until the run has ended and no stage is running. A second signal ends
/// that wait.
pub(super) async fn drive<S: RunSource<Item = Bytes>>(
    mut run: Run<S>,
    output: &mut (&mut Output, Converter),
    run_progress: &RefCell<RunProgress>,
    display: &mut Display,
    signals: &mut Signals,
) -> Result<RunReport, Stopped> {
    let copied = {
        let mut copying = pin!(copy(&mut run, output, run_progress));
        loop {
            tokio::select! {
                // Signals first: the terminal has already written `^C` below the progress lines,
                // and another redraw would leave a line twice.
                biased;
                () = signals.next() => break Err(Stopped::Cancelled),
                () = display.tick() => display.show(&mut run_progress.borrow_mut()),
                copied = &mut copying => break copied,
            }
        }
    };
    match copied {
        Err(Stopped::Cancelled) => display.cut(),
        _ => display.end(),
    }
    match copied {
        Ok(()) => run.report().await.map_err(Stopped::Run),
        // The run has ended without a signal.
        Err(Stopped::Run(error)) => Err(Stopped::Run(error)),
        Err(stopped) => {
            cancel(run, display, signals).await;
            Err(stopped)
        }
    }
}

/// Cancels a run and waits for its end or a signal.
async fn cancel<S: RunSource>(run: Run<S>, display: &Display, signals: &mut Signals) {
    let mut cancelling = pin!(run.cancel());
    tokio::select! {
        () = &mut cancelling => return,
        () = signals.next() => return,
        () = tokio::time::sleep(EXIT_DELAY) => {}
    }
    display.say("cancelling the run; once more to leave at once");
    tokio::select! {
        () = cancelling => {}
        () = signals.next() => {}
    }
}

async fn copy<S: RunSource<Item = Bytes>>(
    run: &mut Run<S>,
    (output, converter): &mut (&mut Output, Converter),
    run_progress: &RefCell<RunProgress>,
) -> Result<(), Stopped> {
    while let Some(event) = run.next_event().await {
        match event.map_err(Stopped::Run)? {
            Event::Item(bytes) => {
                let bytes = converter.convert(bytes).map_err(Stopped::Output)?;
                output.write(&bytes).await.map_err(Stopped::Output)?;
                run_progress.borrow_mut().written += bytes.len() as u64;
            }
            Event::Progress(progress) => run_progress.borrow_mut().note(&progress),
            // Messages are for stages; a byte stream cannot contain them.
            _ => {}
        }
    }
    let rest = converter.finish().map_err(Stopped::Output)?;
    output.write(&rest).await.map_err(Stopped::Output)?;
    run_progress.borrow_mut().written += rest.len() as u64;
    Ok(())
}

impl Stopped {
    /// The failure of a cancelled command.
    pub(super) fn cancelled() -> Failure {
        Failure::new(Exit::Cancelled, "the run was cancelled")
    }

    /// The failure of the command.
    pub(super) fn into_failure(self, output: &Output) -> Failure {
        match self {
            Self::Run(error) => error.into(),
            Self::Output(error) => output.failure(&error),
            Self::Cancelled => Self::cancelled(),
        }
    }
}
