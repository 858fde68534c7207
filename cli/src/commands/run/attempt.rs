use std::cell::RefCell;

use futures::{FutureExt, Stream, StreamExt};
use pipewright::{Address, ConnectionState, RunError, RunReport};
use serde::Serialize;

use super::drive::{Stop, Stopped, drive};
use super::job::{Job, Opened};
use super::progress::Display;
use super::run_progress::RunProgress;
use super::summary::Summary;
use crate::convert::Edges;
use crate::engine_client::connect::connect;
use crate::engine_client::known_functions::KnownFunctions;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::signals::Signals;

/// Runs a job once, from its input to its output.
pub(super) async fn attempt(
    job: &Job,
    address: &Address,
    quiet: bool,
    signals: &mut Signals,
) -> Result<Complete, Failure> {
    let mut stop = Stop::new(signals, job.spec.deadline);
    let connected = async {
        let worker = connect(address.clone()).await?;
        // An engine without lists reports a missing stage when it is called.
        let known = KnownFunctions::ask(&worker).await.ok();
        Ok::<_, Failure>((worker, known))
    };
    let (worker, known) = tokio::select! {
        connected = connected => connected?,
        stopped = stop.next() => return Err(stopped.before_the_run()),
    };
    if let Some(known) = &known {
        known.check(job.spec.remote_ids().iter().map(String::as_str))?;
    }
    let (from, to) = job.formats;
    let edges = Edges::choose(&job.spec, known.as_ref(), from, to)?;
    let Opened {
        mut spec,
        input,
        mut output,
        sides,
    } = tokio::select! {
        // Opening a named pipe waits for its other end.
        opened = job.open() => opened?,
        stopped = stop.next() => return Err(stopped.before_the_run()),
    };
    let run_progress = RefCell::new(RunProgress::new(&input, spec.stage_ids(), quiet));
    let mut display = Display::new(quiet, output.is_standard() && console::user_attended());
    spec.format = edges.first();
    let started = spec.assemble(edges.source(input)).start(&worker);
    let mut states = worker.states();
    let started = tokio::select! {
        started = started => started.map_err(Stopped::Run),
        stopped = stop.next() => Err(stopped),
    };
    let report = match started {
        Ok(run) => {
            let mut output = (&mut output, edges.converter());
            drive(run, &mut output, &run_progress, &mut display, &mut stop).await
        }
        Err(stopped) => Err(stopped),
    };
    let report = match report {
        Ok(report) => report,
        Err(stopped) => {
            let failure = match stopped {
                Stopped::Run(error) if was_lost(&mut states) => engine_lost(&error),
                stopped => stopped.into_failure(&output),
            };
            return Err(output.explain(failure));
        }
    };
    for mut written in sides.into_iter().chain([output]) {
        if let Err(error) = written.finish().await {
            return Err(written.explain(written.failure(&error)));
        }
    }
    display.say(Summary {
        report: &report,
        stages: display.has_shown(),
        run_progress: &run_progress.borrow(),
    });
    let run_progress = run_progress.borrow();
    Ok(Complete {
        bytes_in: run_progress.read(),
        bytes_out: run_progress.written,
        report,
    })
}

/// A complete run, as `--report` writes it.
#[derive(Serialize)]
pub(super) struct Complete {
    /// Bytes read from the input.
    bytes_in: u64,
    /// Bytes written to the output.
    bytes_out: u64,
    #[serde(flatten)]
    report: RunReport,
}

/// Whether the connection to the engine was lost since `states` was created.
fn was_lost(states: &mut (impl Stream<Item = ConnectionState> + Unpin)) -> bool {
    std::iter::from_fn(|| states.next().now_or_never().flatten())
        .any(|state| state != ConnectionState::Connected)
}

/// The failure for a lost engine. It replaces the failures of the stages that result from it.
fn engine_lost(error: &RunError) -> Failure {
    let message =
        format!("the engine went away during the run, so the output is not whole: {error}");
    Failure::new(Exit::Unreachable, message)
}
