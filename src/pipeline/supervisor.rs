use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures::future::join_all;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::ending::Ending;
use super::engine_watch::EngineWatch;
use super::outcome::Outcome;
use super::run_error::{RUN, RunError};
use super::run_report::StageSummary;
use super::running::{Host, Output, Running};
use crate::channel::{NoOutput, WriterEnded};
use crate::stage::{Control, GRACE, StageError, StageReport, all_verified, free, no_output_of};
use crate::transport::later;
use crate::worker::Worker;

/// How long to wait for stopped stages.
const STOP: Duration = Duration::from_secs(2);

/// The number of a stage and its result.
type Ended = (usize, Result<StageReport, StageError>);

/// Supervises every stage of one run to its end.
///
/// | event | notified stages |
/// |---|---|
/// | a stage ends | its writers: their output is no longer read; its readers |
/// | a stage fails | in addition all stages, once there has been no progress for [`GRACE`] |
/// | cancellation, deadline | all stages, immediately |
/// | [`STOP`] after that | none: stages that still run are dropped |
///
/// [`Ending`] decides the result.
pub(super) struct Supervisor {
    worker: Worker,
    engine: EngineWatch,
    /// The control of the whole run.
    control: Control,
    output: Output,
    started: Instant,
    deadline: Option<Duration>,
    ending: Ending,
    stages: Vec<StageSummary>,
    /// Whether each stage has input streams.
    takes_input: Vec<bool>,
    places: Vec<Host>,
    running: JoinSet<Ended>,
    /// Remote stages, each with the time at which to release it if it is still running.
    to_let_go: Vec<(Instant, usize)>,
    /// When to stop waiting for released stages.
    given_up: Option<Instant>,
    /// Tasks that free what ended stages have left behind.
    tidying: JoinSet<()>,
    /// The activity at the last check, and its time.
    moved: (u64, Instant),
}

impl Supervisor {
    pub(super) fn new(
        worker: Worker,
        control: Control,
        output: Output,
        deadline: Option<Duration>,
    ) -> Self {
        Self {
            engine: EngineWatch::new(&worker),
            worker,
            control,
            output,
            started: Instant::now(),
            deadline,
            ending: Ending::default(),
            stages: Vec::new(),
            takes_input: Vec::new(),
            places: Vec::new(),
            running: JoinSet::new(),
            to_let_go: Vec::new(),
            given_up: None,
            tidying: JoinSet::new(),
            moved: (0, Instant::now()),
        }
    }

    /// Starts a stage.
    pub(super) fn start(&mut self, running: Running) {
        let Running {
            name,
            inputs,
            outputs,
            work,
            place,
        } = running;
        self.takes_input.push(!inputs.is_empty());
        let at = self.ending.part(inputs, outputs);
        self.stages.push(StageSummary {
            stage: name,
            report: None,
        });
        self.places.push(place);
        self.running.spawn(async move { (at, work.await) });
    }

    /// Waits until no stage is running.
    pub(super) async fn supervise(mut self) -> Outcome {
        let deadline = self.deadline.map(|after| later(self.started, after));
        let control = self.control.clone();
        let run: &CancellationToken = control.run();
        let mut stopped = false;
        while !self.running.is_empty() && !stopped {
            let look = self.next_look();
            tokio::select! {
                ended = self.running.join_next() => {
                    // A thread that computes may hold up the timer, but not the deadline.
                    if control.is_overdue() {
                        self.stop_overdue();
                        stopped = true;
                    }
                    self.ended(ended).await;
                }
                () = run.cancelled() => {
                    let reason = "the run was cancelled";
                    self.stop(StageError::CANCELLED, reason);
                    stopped = true;
                }
                () = until(deadline) => {
                    self.stop_overdue();
                    stopped = true;
                }
                () = control.changed() => {
                    self.hear_of_code();
                    self.tell_unread();
                }
                () = until(look) => stopped = self.look(),
            }
        }
        if stopped {
            run.cancel();
        }
        self.finish_stopped().await;
        self.find_unresponsive();
        if self.ending.is_disconnection() && self.engine.is_lost().await {
            let reason = "the connection to the engine was lost while the run was under way: the \
                          engine stopped, or the network failed";
            let lost = StageError::new(RunError::ENGINE_LOST, RUN, reason);
            self.ending.disconnected(lost);
        }
        Outcome {
            verified: self.verified(),
            stages: self.stages,
            ending: self.ending,
            elapsed: self.started.elapsed(),
        }
    }

    /// The time of the next check for events that are not notified.
    fn next_look(&self) -> Option<Instant> {
        let failed = self
            .ending
            .has_failed()
            .then(|| later(Instant::now(), GRACE / 4));
        let let_go = self.to_let_go.iter().map(|(at, _)| *at).min();
        let given_up = self.given_up.filter(|_| self.ending.is_abandoned());
        failed.into_iter().chain(let_go).chain(given_up).min()
    }

    /// Checks for events that are not notified. Returns whether to stop the stages.
    fn look(&mut self) -> bool {
        let now = Instant::now();
        let (due, rest) = self.to_let_go.iter().partition(|(at, _)| *at <= now);
        let due: Vec<(Instant, usize)> = due;
        self.to_let_go = rest;
        for (_, at) in due {
            if let Host::Elsewhere { remote_cancel, .. } = &mut self.places[at]
                && let Some(remote_cancel) = remote_cancel.take()
            {
                let worker = self.worker.clone();
                self.tidying
                    .spawn(async move { remote_cancel.let_go(&worker).await });
                // A stage that ignores the signal ends with its input.
                self.ending.abandon(at);
                self.given_up = Some(later(now, STOP));
            }
        }
        self.tell_unread();
        if self.given_up.is_some_and(|at| at <= now) && self.ending.is_abandoned() {
            return true;
        }
        if !self.ending.has_failed() {
            return false;
        }
        let moved = self.control.moved();
        // While the consumer of the output is busy, the run does not count as being without
        // progress.
        if moved != self.moved.0 || !self.output.awaited.load(Relaxed) {
            self.moved = (moved, now);
        }
        now >= later(self.moved.1, GRACE)
    }

    fn stop_overdue(&mut self) {
        let after = self.deadline.unwrap_or_default();
        let reason = format!("the run was not over within {after:?}; these stages ran still");
        self.stop(RunError::DEADLINE, &reason);
    }

    fn stop(&mut self, code: &str, reason: &str) {
        let reason = StageError::new(code, &self.waiting_for(), reason);
        self.ending.stop(reason);
    }

    /// Lets stopped stages end, and abandons those that do not.
    async fn finish_stopped(&mut self) {
        let remote_cancels = self.places.iter_mut().filter_map(|place| match place {
            Host::Elsewhere { remote_cancel, .. } => remote_cancel.take(),
            Host::Here { .. } => None,
        });
        let letting_go =
            join_all(remote_cancels.map(|remote_cancel| remote_cancel.let_go(&self.worker)));
        let give_up = later(Instant::now(), STOP);
        let _ = tokio::time::timeout_at(give_up, letting_go).await;
        while !self.running.is_empty() {
            tokio::select! {
                ended = self.running.join_next() => self.ended(ended).await,
                () = sleep_until(give_up) => break,
            }
        }
        self.running.abort_all();
        let here = |place: &Host| matches!(place, Host::Here { .. });
        if self.places.iter().all(here) {
            return;
        }
        // If a writer reconnects while its reader still reads, the engine assumes that it has more
        // to write.
        tokio::select! {
            () = self.output.over.cancelled() => {}
            () = self.control.run().cancelled() => {}
        }
        for place in &mut self.places {
            if let Host::Elsewhere { request, .. } = place {
                let (worker, request) = (self.worker.clone(), std::mem::take(request));
                self.tidying
                    .spawn(async move { free(&worker, &request, None).await });
            }
        }
        while self.tidying.join_next().await.is_some() {}
    }

    /// Records the stages that have not ended although they were stopped.
    fn find_unresponsive(&mut self) {
        let running = (0..self.stages.len()).filter(|&at| self.ending.is_running(at));
        for at in running.collect::<Vec<_>>() {
            let error = StageError::unresponsive(&self.stages[at].stage);
            self.ending.unresponsive(at, error);
        }
    }

    /// Records that a stage has ended, and notifies its neighbours.
    async fn ended(&mut self, ended: Option<Result<Ended, JoinError>>) {
        let Some(ended) = ended else { return };
        let (at, result) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                // Stages catch their own panics, so this is a bug of the framework and reported as
                // such.
                let reason = format!("a stage's task ended by itself: {error}");
                let failure = StageError::new(StageError::PANICKED, "pipewright", reason);
                return self.ending.failed(failure);
            }
        };
        let silence = self.settle(at, result.as_ref()).await;
        self.hear_of_code();
        match result {
            Ok(report) => {
                self.ending.ended_well(at, report.input_left);
                self.stages[at].report = Some(report);
            }
            Err(failure) => {
                self.ending.ended_badly(at, failure);
                if let Host::Here { control, .. } = &self.places[at] {
                    self.stages[at].report = control.report().cloned();
                }
            }
        }
        self.tell_unread();
        if let Some(silence) = silence {
            self.tell_readers(at, silence).await;
        }
    }

    /// Notifies the stages whose output is no longer read.
    fn tell_unread(&mut self) {
        for at in self.ending.tell_unread() {
            match &self.places[at] {
                Host::Here { control, .. } => control.unread().cancel(),
                // It is unknown whether its code has ended its output; most often it has.
                Host::Elsewhere { .. } => self.to_let_go.push((later(Instant::now(), GRACE), at)),
            }
        }
    }

    /// Notifies the readers of the stage `at` that it has ended.
    async fn tell_readers(&mut self, at: usize, silence: NoOutput) {
        let stage = self.stages[at].stage.clone();
        let over = WriterEnded { stage, silence };
        for reader in self.ending.readers(at) {
            match reader {
                None => self.output.watch.set_over(over.clone()),
                Some((reader, input)) => match &mut self.places[reader] {
                    Host::Here { watches, .. } => watches[input].set_over(over.clone()),
                    Host::Elsewhere { remote_cancel, .. } => {
                        if let Some(remote_cancel) = remote_cancel {
                            remote_cancel.input_over(&over).await;
                        }
                    }
                },
            }
        }
    }

    /// Records stages whose code has ended while their ends are being closed.
    fn hear_of_code(&mut self) {
        self.moved = (self.control.moved(), Instant::now());
        for (at, place) in self.places.iter().enumerate() {
            if let Host::Here { control, .. } = place
                && let Some(ended) = control.ended()
            {
                let left = control.report().is_some_and(|report| report.input_left);
                self.ending.code_ended(at, ended.as_ref().err(), left);
            }
        }
    }

    /// Releases a remote stage that has ended, and frees channels that a failed one did not open.
    /// Returns the meaning of an output that does not end; `None` if it was closed.
    async fn settle(
        &mut self,
        at: usize,
        result: Result<&StageReport, &StageError>,
    ) -> Option<NoOutput> {
        let Host::Elsewhere {
            remote_cancel,
            request,
        } = &mut self.places[at]
        else {
            let closed = result.is_ok_and(|report| report.output_closed);
            return (!closed).then_some(NoOutput::LeftOpen);
        };
        let (remote_cancel, worker) = (remote_cancel.take(), self.worker.clone());
        let silence = match result {
            Err(_) => Some(NoOutput::LeftOpen),
            Ok(report) if report.output_closed => None,
            Ok(_) => Some(no_output_of(&worker, request).await),
        };
        let failed = result.err();
        let failed = failed.map(|failure| (failure.clone(), std::mem::take(request)));
        self.tidying.spawn(async move {
            if let Some((failure, request)) = failed {
                free(&worker, &request, Some(&failure)).await;
            }
            if let Some(remote_cancel) = remote_cancel {
                remote_cancel.let_go(&worker).await;
            }
        });
        silence
    }

    /// Whether all stages verified their inputs.
    fn verified(&self) -> Option<bool> {
        let reading = self.stages.iter().zip(&self.takes_input);
        all_verified(reading.filter(|(_, reads)| **reads).map(|(stage, _)| {
            let report = stage.report.as_ref();
            report.and_then(|report| report.input_verified)
        }))
    }

    /// The names of the unfinished stages.
    fn waiting_for(&self) -> String {
        let running = (0..self.stages.len()).filter(|&at| self.ending.is_running(at));
        let names: Vec<_> = running.map(|at| self.stages[at].stage.as_str()).collect();
        names.join(", ")
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
