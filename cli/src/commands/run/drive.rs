use std::cell::RefCell;
use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use pipewright::pipeline::RunSource;
use pipewright::{Event, Run, RunError, RunReport, StageError};
use tokio::time::Instant;

use super::output::Output;
use super::progress::Display;
use super::run_progress::RunProgress;
use crate::convert::Converter;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::signals::{Signals, StopSignal};

/// Why copying stopped before the end of the run.
pub(super) enum Stopped {
    /// The run failed.
    Run(RunError),
    /// The output cannot be written.
    Output(io::Error),
    /// Cancelled by a signal.
    Signal(StopSignal),
    /// The deadline has passed, and the run has not ended in time.
    Overdue(Duration),
}

/// What stops a run from outside.
pub(super) struct Stop<'a> {
    pub(super) signals: &'a mut Signals,
    /// The deadline of the run, and when to stop waiting for it.
    overdue: Option<(Duration, Instant)>,
}

/// How long a run may take after its deadline to end and to report the stages that are still
/// running.
const OVERDUE: Duration = Duration::from_millis(250);

impl<'a> Stop<'a> {
    /// For a run that starts now.
    pub(super) fn new(signals: &'a mut Signals, deadline: Option<Duration>) -> Self {
        let end = |after: Duration| Instant::now().checked_add(after)?.checked_add(OVERDUE);
        Self {
            signals,
            // A deadline beyond the end of the clock never passes.
            overdue: deadline.and_then(|after| Some((after, end(after)?))),
        }
    }

    /// Waits for the next signal, or the end of the deadline.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no signal is lost.
    pub(super) async fn next(&mut self) -> Stopped {
        let overdue = async {
            match self.overdue {
                Some((after, end)) => {
                    tokio::time::sleep_until(end).await;
                    after
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            signal = self.signals.next() => Stopped::Signal(signal),
            after = overdue => Stopped::Overdue(after),
        }
    }
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
    stop: &mut Stop<'_>,
) -> Result<RunReport, Stopped> {
    let copied = {
        let mut copying = pin!(copy(&mut run, output, run_progress));
        loop {
            tokio::select! {
                // Signals first: the terminal has already written `^C` below the progress lines,
                // and another redraw would leave a line twice.
                biased;
                stopped = stop.next() => break Err(stopped),
                () = display.tick() => display.show(&mut run_progress.borrow_mut()),
                copied = &mut copying => break copied,
            }
        }
    };
    match copied {
        Err(Stopped::Signal(_)) => display.cut(),
        _ => display.end(),
    }
    match copied {
        Ok(()) => run.report().await.map_err(Stopped::Run),
        // The run has ended without a signal.
        Err(Stopped::Run(error)) => Err(Stopped::Run(error)),
        Err(stopped) => {
            match stopped {
                // The reader of the output waits for the end of the program.
                Stopped::Output(_) => {
                    // The stages end with the connection, at the latest.
                    let _ = tokio::time::timeout(EXIT_DELAY, run.cancel()).await;
                }
                // It is late already, and a stage does not answer.
                Stopped::Overdue(_) => drop(run),
                _ => cancel(run, display, stop.signals).await,
            }
            Err(stopped)
        }
    }
}

/// Cancels a run and waits for its end or a signal.
async fn cancel<S: RunSource>(run: Run<S>, display: &Display, signals: &mut Signals) {
    let mut cancelling = pin!(run.cancel());
    tokio::select! {
        () = &mut cancelling => return,
        _ = signals.next() => return,
        () = tokio::time::sleep(EXIT_DELAY) => {}
    }
    display.say("cancelling the run; interrupt again to exit immediately");
    tokio::select! {
        () = cancelling => {}
        _ = signals.next() => {}
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
                let len = bytes.len() as u64;
                output.write(bytes).await.map_err(Stopped::Output)?;
                run_progress.borrow_mut().written += len;
            }
            Event::Progress(progress) => run_progress.borrow_mut().note(&progress),
            Event::Message(text) => run_progress.borrow().show_message(&text),
            _ => {}
        }
    }
    let rest = converter.finish().map_err(Stopped::Output)?;
    let len = rest.len() as u64;
    output.write(rest).await.map_err(Stopped::Output)?;
    run_progress.borrow_mut().written += len;
    Ok(())
}

impl Stopped {
    /// The failure of a command that a signal or the deadline has ended.
    pub(super) fn before_the_run(self) -> Failure {
        match self {
            Self::Run(error) => error.into(),
            Self::Output(error) => error.into(),
            Self::Signal(signal) => cancelled(signal),
            Self::Overdue(after) => Failure::new(
                Exit::StageFailed,
                format!("the run was not over within {after:?}"),
            ),
        }
    }

    /// The failure of the command.
    pub(super) fn into_failure(self, output: &Output) -> Failure {
        match self {
            Self::Run(error) if error.first_cause().code == StageError::BAD_PARAMS => {
                Failure::from(error).hint(
                    "a string that looks like another JSON value needs quotes: \
                     `--param 'STAGE.KEY=\"1.10\"'`",
                )
            }
            Self::Output(error) => output.failure(&error),
            stopped => stopped.before_the_run(),
        }
    }
}

/// The failure of a command that was cancelled by a signal.
pub(crate) fn cancelled(signal: StopSignal) -> Failure {
    Failure::new(signal.exit(), "the run was cancelled")
}
