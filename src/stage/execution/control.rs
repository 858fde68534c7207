use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::{StageError, StageReport};

/// What a run signals to one of its stages, and what the stage records for its run.
#[derive(Clone, Debug)]
pub(crate) struct Control(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Cancelled when the run is over: cancelled, past its deadline, or failed.
    run: CancellationToken,
    /// Cancelled when the stage is stopped.
    stage: CancellationToken,
    /// Cancelled when the code of the stage should stop, and when the stage has ended, for
    /// everything that it started.
    told: CancellationToken,
    /// Cancelled when the sources of the run should end.
    drain: CancellationToken,
    /// Cancelled when the code of the stage should finish: with `drain`, and when its worker starts
    /// to shut down.
    draining: CancellationToken,
    /// The reason why the stage should stop; not set if the whole run was cancelled.
    reason: Arc<OnceLock<StageError>>,
    /// Cancelled when the readers of the stage's output have ended.
    unread: CancellationToken,
    deadline: Option<Instant>,
    /// Counts the activity of the whole run.
    activity: Arc<AtomicU64>,
    /// Notified when the code of a stage of the run has ended.
    changed: Arc<Notify>,
    /// The result of the stage's code, before its ends are closed.
    code: OnceLock<Result<(), StageError>>,
    report: OnceLock<StageReport>,
}

impl Control {
    /// Creates the control of a run that ends when `run` is cancelled.
    pub(crate) fn new(run: CancellationToken, deadline: Option<Instant>) -> Self {
        let stage = run.child_token();
        let drain = CancellationToken::new();
        Self(Arc::new(Inner {
            told: stage.child_token(),
            stage,
            run,
            draining: drain.child_token(),
            drain,
            reason: Arc::default(),
            unread: CancellationToken::new(),
            deadline,
            activity: Arc::default(),
            changed: Arc::default(),
            code: OnceLock::new(),
            report: OnceLock::new(),
        }))
    }

    /// Creates the control of a stage of the run, or of a part of the stage. Signals are passed on
    /// to it.
    pub(crate) fn for_stage(&self) -> Self {
        let of = &self.0;
        Self(Arc::new(Inner {
            told: of.told.child_token(),
            stage: of.stage.child_token(),
            run: of.run.clone(),
            drain: of.drain.clone(),
            draining: of.draining.clone(),
            reason: Arc::clone(&of.reason),
            unread: of.unread.child_token(),
            deadline: of.deadline,
            activity: Arc::clone(&of.activity),
            changed: Arc::clone(&of.changed),
            code: OnceLock::new(),
            report: OnceLock::new(),
        }))
    }

    /// Cancelled when the run is over.
    pub(crate) fn run(&self) -> &CancellationToken {
        &self.0.run
    }

    /// Cancelled when the stage is stopped.
    pub(crate) fn stage(&self) -> &CancellationToken {
        &self.0.stage
    }

    /// Cancelled when the code of the stage should stop, and when it has ended.
    pub(crate) fn told(&self) -> &CancellationToken {
        &self.0.told
    }

    /// Cancelled when the readers of the stage's output have ended.
    pub(crate) fn unread(&self) -> &CancellationToken {
        &self.0.unread
    }

    /// Counts the activity of the whole run.
    pub(crate) fn activity(&self) -> &Arc<AtomicU64> {
        &self.0.activity
    }

    /// Ends the sources of the run.
    pub(crate) fn drain(&self) {
        self.0.drain.cancel();
    }

    /// Cancelled when the sources of the run should end.
    pub(crate) fn drained(&self) -> &CancellationToken {
        &self.0.drain
    }

    /// Cancelled when the code should finish.
    pub(crate) fn draining(&self) -> &CancellationToken {
        &self.0.draining
    }

    /// Asks the code to finish. Its output until then is incomplete, so a stage that ends before
    /// its input does fails with `reason`.
    pub(crate) fn drain_for(&self, reason: StageError) {
        self.0.reason.get_or_init(|| reason);
        self.0.draining.cancel();
    }

    /// Asks the code to end, for `reason`.
    pub(crate) fn tell(&self, reason: StageError) {
        self.0.reason.get_or_init(|| reason);
        self.0.told.cancel();
    }

    /// Stops the stage, for `reason` unless it already has another reason.
    pub(crate) fn stop(&self, reason: StageError) {
        self.tell(reason);
        self.0.stage.cancel();
    }

    /// Why the code was asked to end, if it was.
    pub(crate) fn reason(&self) -> Option<&StageError> {
        self.0.reason.get()
    }

    /// Why the stage `stage` was stopped.
    pub(crate) fn stopped(&self, stage: &str) -> StageError {
        let cancelled = || StageError::new(StageError::CANCELLED, stage, "the run was cancelled");
        self.0.reason.get().cloned().unwrap_or_else(cancelled)
    }

    /// Whether code that computes without waiting must stop before its next item.
    pub(crate) fn is_over(&self) -> bool {
        self.is_overdue() || self.0.stage.is_cancelled()
    }

    /// Whether the deadline of the run has passed. Costs nothing without a deadline.
    #[inline]
    pub(crate) fn is_overdue(&self) -> bool {
        self.0
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The activity of the run so far.
    pub(crate) fn moved(&self) -> u64 {
        self.0.activity.load(Relaxed)
    }

    /// Records the result of the stage's code, and the stage's report.
    pub(crate) fn set_ended(&self, ended: Result<(), StageError>, report: StageReport) {
        self.0.code.get_or_init(|| ended);
        self.0.report.get_or_init(|| report);
        self.0.told.cancel();
        self.0.activity.fetch_add(1, Relaxed);
        self.0.changed.notify_one();
    }

    /// Waits until the code of some stage of the run has ended.
    pub(crate) async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// The result of the stage's code, once it has ended.
    pub(crate) fn ended(&self) -> Option<&Result<(), StageError>> {
        self.0.code.get()
    }

    /// The stage's report, once its code has ended.
    pub(crate) fn report(&self) -> Option<&StageReport> {
        self.0.report.get()
    }
}
