use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::outcome::Outcome;
use super::run_error::RunError;
use super::run_report::StageSummary;
use crate::stage::{Leash, StageError, StageReport, all_verified, free};
use crate::transport::later;
use crate::wire::StreamChannelRef;
use crate::worker::Worker;

/// How long the stages have to end by themselves once one has failed: the abort runs down the
/// stream, and lost readers run up.
const CASCADE: Duration = Duration::from_secs(5);

/// How long cancelled stages have before they are no longer waited for.
const CANCEL: Duration = Duration::from_secs(5);

/// The number of a stage, and how it ended.
type Ended = (usize, Result<StageReport, StageError>);

/// A stage under way.
pub(super) struct Running {
    pub(super) name: String,
    /// Whether streams come in, as they do in all but the first.
    pub(super) takes_input: bool,
    pub(super) work: BoxFuture<'static, Result<StageReport, StageError>>,
    /// Its channels, to be freed should it never open them.
    pub(super) refs: Vec<StreamChannelRef>,
    /// Cancels a stage on another worker by being given up.
    pub(super) leash: Option<Leash>,
}

/// Sees every stage of one run to its end.
///
/// | state | left by | to |
/// |---|---|---|
/// | all well | a failure | winding down |
/// | all well | cancellation, deadline | cancelled |
/// | winding down | `CASCADE` has passed | cancelled |
/// | cancelled | `CANCEL` has passed | given up: what runs still is dropped |
///
/// Each is also left when the last stage has ended. A stage that failed without opening its
/// channels leaves its neighbours waiting; their ends are then opened and aborted for it.
pub(super) struct Supervisor {
    worker: Worker,
    cancelled: CancellationToken,
    started: Instant,
    deadline: Option<Duration>,
    stages: Vec<StageSummary>,
    /// Of each stage, whether streams come in.
    takes_input: Vec<bool>,
    refs: Vec<Vec<StreamChannelRef>>,
    leashes: Vec<Option<Leash>>,
    running: JoinSet<Ended>,
    failures: Vec<StageError>,
}

impl Supervisor {
    pub(super) fn new(
        worker: Worker,
        cancelled: CancellationToken,
        deadline: Option<Duration>,
    ) -> Self {
        Self {
            worker,
            cancelled,
            started: Instant::now(),
            deadline,
            stages: Vec::new(),
            takes_input: Vec::new(),
            refs: Vec::new(),
            leashes: Vec::new(),
            running: JoinSet::new(),
            failures: Vec::new(),
        }
    }

    /// Starts a stage.
    pub(super) fn start(&mut self, running: Running) {
        let Running {
            name,
            takes_input,
            work,
            refs,
            leash,
        } = running;
        let at = self.stages.len();
        self.stages.push(StageSummary {
            stage: name,
            report: None,
        });
        self.takes_input.push(takes_input);
        self.refs.push(refs);
        self.leashes.push(leash);
        self.running.spawn(async move { (at, work.await) });
    }

    /// Waits until no stage runs any more.
    pub(super) async fn supervise(mut self) -> Outcome {
        let deadline = self.deadline.map(|after| later(self.started, after));
        let mut all_well = true;
        while all_well && !self.running.is_empty() {
            tokio::select! {
                ended = self.running.join_next() => {
                    let failed = self.ended(ended).await;
                    all_well = !failed;
                }
                () = self.cancelled.cancelled() => {
                    all_well = false;
                    self.failures.push(self.cancelled_by_user());
                }
                () = until(deadline) => {
                    all_well = false;
                    self.cancelled.cancel();
                    self.failures.push(self.overdue());
                }
            }
        }
        let cascade = later(Instant::now(), CASCADE);
        while !self.running.is_empty() && !self.cancelled.is_cancelled() {
            tokio::select! {
                ended = self.running.join_next() => {
                    self.ended(ended).await;
                }
                () = self.cancelled.cancelled() => {}
                () = sleep_until(cascade) => self.cancelled.cancel(),
            }
        }
        self.finish_cancelled().await;
        Outcome {
            verified: self.verified(),
            stages: self.stages,
            failures: self.failures,
            elapsed: self.started.elapsed(),
        }
    }

    /// Lets cancelled stages end, and gives up those that do not.
    async fn finish_cancelled(&mut self) {
        let leashes = self.leashes.iter_mut().filter_map(Option::take);
        join_all(leashes.map(|leash| leash.let_go(&self.worker))).await;
        let give_up = later(Instant::now(), CANCEL);
        while !self.running.is_empty() {
            tokio::select! {
                ended = self.running.join_next() => {
                    self.ended(ended).await;
                }
                () = sleep_until(give_up) => break,
            }
        }
        self.running.abort_all();
        let left = self
            .refs
            .iter_mut()
            .flat_map(std::mem::take)
            .collect::<Vec<_>>();
        if !self.failures.is_empty() {
            free(&self.worker, left).await;
        }
    }

    /// Takes note of a stage that has ended; whether it failed.
    async fn ended(&mut self, ended: Option<Result<Ended, JoinError>>) -> bool {
        let Some(ended) = ended else { return false };
        let (at, result) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                // Stages catch their own panics, so this is a bug of the framework, told as such.
                let reason = format!("a stage's task ended by itself: {error}");
                self.failures
                    .push(StageError::new(StageError::PANICKED, "pipewright", reason));
                return true;
            }
        };
        if let Some(leash) = self.leashes[at].take() {
            leash.let_go(&self.worker).await;
        }
        match result {
            Ok(report) => {
                self.stages[at].report = Some(report);
                self.refs[at].clear();
                false
            }
            Err(failure) => {
                let gave_way = failure.is_output_gone();
                self.failures.push(failure);
                let refs = std::mem::take(&mut self.refs[at]);
                free(&self.worker, refs).await;
                !gave_way
            }
        }
    }

    /// Whether all stages have found what came in to be what their writers sent.
    fn verified(&self) -> Option<bool> {
        let reading = self.stages.iter().zip(&self.takes_input);
        all_verified(reading.filter(|(_, reads)| **reads).map(|(stage, _)| {
            let report = stage.report.as_ref();
            report.and_then(|report| report.input_verified)
        }))
    }

    fn cancelled_by_user(&self) -> StageError {
        StageError::new(
            StageError::CANCELLED,
            &self.waiting_for(),
            "the run was cancelled",
        )
    }

    fn overdue(&self) -> StageError {
        let after = self.deadline.unwrap_or_default();
        let reason = format!("the run was not over within {after:?}; these stages ran still");
        StageError::new(RunError::DEADLINE, &self.waiting_for(), reason)
    }

    /// Names of the stages that have not ended.
    fn waiting_for(&self) -> String {
        let names: Vec<_> = self
            .stages
            .iter()
            .filter(|stage| stage.report.is_none())
            .map(|stage| stage.stage.as_str())
            .collect();
        names.join(", ")
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
