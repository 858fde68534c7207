use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{StageError, StageReport};

/// What a run tells one of its stages, and what the stage records for its run.
#[derive(Clone, Debug)]
pub(crate) struct Control(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The run is over: cancelled, overdue, or failed.
    run: CancellationToken,
    /// The stage is stopped.
    stage: CancellationToken,
    /// The code of the stage is told to stop; also fires when it has ended, for what it started.
    told: CancellationToken,
    /// Why the stage is to stop, if not because its run was cancelled.
    reason: Arc<OnceLock<StageError>>,
    /// Whoever reads the stage's output has ended.
    unread: CancellationToken,
    deadline: Option<Instant>,
    /// Counts what moves in the whole run.
    activity: Arc<AtomicU64>,
    /// Notified when the code of a stage of the run has ended.
    changed: Arc<Notify>,
    /// How the code of the stage ended, before its ends are closed.
    code: OnceLock<Result<(), StageError>>,
    report: OnceLock<StageReport>,
}

impl Control {
    /// For a run that `run` ends.
    pub(crate) fn new(run: CancellationToken, deadline: Option<Instant>) -> Self {
        let stage = run.child_token();
        Self(Arc::new(Inner {
            told: stage.child_token(),
            stage,
            run,
            reason: Arc::default(),
            unread: CancellationToken::new(),
            deadline,
            activity: Arc::default(),
            changed: Arc::default(),
            code: OnceLock::new(),
            report: OnceLock::new(),
        }))
    }

    /// For a stage of the run, or a part of the stage: what this one is told, that one is told.
    pub(crate) fn for_stage(&self) -> Self {
        let of = &self.0;
        Self(Arc::new(Inner {
            told: of.told.child_token(),
            stage: of.stage.child_token(),
            run: of.run.clone(),
            reason: Arc::clone(&of.reason),
            unread: of.unread.child_token(),
            deadline: of.deadline,
            activity: Arc::clone(&of.activity),
            changed: Arc::clone(&of.changed),
            code: OnceLock::new(),
            report: OnceLock::new(),
        }))
    }

    /// Fires when the run is over.
    pub(crate) fn run(&self) -> &CancellationToken {
        &self.0.run
    }

    /// Fires when the stage is stopped.
    pub(crate) fn stage(&self) -> &CancellationToken {
        &self.0.stage
    }

    /// Fires when the code of the stage is to stop, and when it has ended.
    pub(crate) fn told(&self) -> &CancellationToken {
        &self.0.told
    }

    /// Fires when whoever reads the stage's output has ended.
    pub(crate) fn unread(&self) -> &CancellationToken {
        &self.0.unread
    }

    /// Counts what moves in the whole run.
    pub(crate) fn activity(&self) -> &Arc<AtomicU64> {
        &self.0.activity
    }

    /// Tells the code to come to an end, for `reason`.
    pub(crate) fn tell(&self, reason: StageError) {
        self.0.reason.get_or_init(|| reason);
        self.0.told.cancel();
    }

    /// Stops the stage, for `reason` unless it was told another.
    pub(crate) fn stop(&self, reason: StageError) {
        self.tell(reason);
        self.0.stage.cancel();
    }

    /// Why the code was told to come to an end, if it was.
    pub(crate) fn reason(&self) -> Option<&StageError> {
        self.0.reason.get()
    }

    /// Why the stage `stage` was stopped.
    pub(crate) fn stopped(&self, stage: &str) -> StageError {
        let cancelled = || StageError::new(StageError::CANCELLED, stage, "the run was cancelled");
        self.0.reason.get().cloned().unwrap_or_else(cancelled)
    }

    /// Whether code that computes without waiting has to stop before its next item.
    pub(crate) fn is_over(&self) -> bool {
        self.is_overdue() || self.0.stage.is_cancelled()
    }

    /// Whether the deadline of the run has passed. Costs nothing without one.
    #[inline]
    pub(crate) fn is_overdue(&self) -> bool {
        self.0
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// What has moved in the run so far.
    pub(crate) fn moved(&self) -> u64 {
        self.0.activity.load(Relaxed)
    }

    /// Records how the code of the stage ended, and what went through the stage.
    pub(crate) fn set_ended(&self, ended: Result<(), StageError>, report: StageReport) {
        self.0.code.get_or_init(|| ended);
        self.0.report.get_or_init(|| report);
        self.0.told.cancel();
        self.0.activity.fetch_add(1, Relaxed);
        self.0.changed.notify_one();
    }

    /// Waits until the code of a stage of the run has ended.
    pub(crate) async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// How the code of the stage ended, once it has.
    pub(crate) fn ended(&self) -> Option<&Result<(), StageError>> {
        self.0.code.get()
    }

    /// What went through the stage, once its code has ended.
    pub(crate) fn report(&self) -> Option<&StageReport> {
        self.0.report.get()
    }
}
