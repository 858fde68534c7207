use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::{FutureExt, Stream};
use pin_project::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};

use super::ending::Ending;
use super::outcome::Outcome;
use super::run::{DrainHandle, RunSource, without_policy};
use super::run_error::{RUN, RunError};
use super::run_report::StageSummary;
use crate::stage::{CatchPanic, Control, End, Flow, LocalStats, StageError};

/// A run within one process, as driven by [`Run`](super::Run).
#[pin_project]
pub struct LocalRun<S> {
    #[pin]
    stream: CatchPanic<S>,
    local_stats: LocalStats,
    control: Control,
    started: Instant,
    /// Counted from the start of the run. The timer is created by the first poll.
    deadline: Option<Duration>,
    #[pin]
    timer: Option<Sleep>,
    #[pin]
    cancellation: WaitForCancellationFutureOwned,
    ending: Ending,
    /// Why the run cannot start.
    refused: Option<StageError>,
    /// Whether the stream has failed.
    failed: bool,
    /// Futures of the stages that must be awaited before the run ends.
    ends: Vec<End>,
    /// Signals the end of the run to code on other threads.
    guard: DropGuard,
}

impl<S> LocalRun<S> {
    /// `control` has the deadline, counted from `started`.
    pub(super) fn new(
        refused: Option<StageError>,
        stream: S,
        local_stats: LocalStats,
        control: Control,
        started: Instant,
        deadline: Option<Duration>,
    ) -> Self {
        let cancelled: &CancellationToken = control.run();
        Self {
            stream: CatchPanic::new(stream),
            local_stats,
            started,
            deadline,
            timer: None,
            cancellation: cancelled.clone().cancelled_owned(),
            ending: Ending::default(),
            refused,
            failed: false,
            ends: Vec::new(),
            guard: cancelled.clone().drop_guard(),
            control,
        }
    }

    /// Ends the run from outside, and returns the end of its items.
    #[cold]
    fn stop<T>(self: Pin<&mut Self>, code: &str, reason: &str) -> Poll<Option<Flow<T>>>
    where
        S: Stream<Item = Flow<T>>,
    {
        let this = self.project();
        this.ending.stop(StageError::new(code, RUN, reason));
        this.stream.end();
        this.control.run().cancel();
        Poll::Ready(None)
    }

    #[cold]
    fn stop_overdue<T>(self: Pin<&mut Self>) -> Poll<Option<Flow<T>>>
    where
        S: Stream<Item = Flow<T>>,
    {
        let after = self.deadline.unwrap_or_default();
        let reason = format!("the run was not over within {after:?}");
        self.stop(RunError::DEADLINE, &reason)
    }
}

impl<S> fmt::Debug for LocalRun<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalRun")
            .field("started", &self.started)
            .finish_non_exhaustive()
    }
}

impl<S, T> RunSource for LocalRun<S>
where
    S: Stream<Item = Flow<T>>,
{
    type Item = T;

    #[inline]
    fn poll_flow(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>> {
        // Checked before each item, so that the deadline holds while items are ready.
        if self.control.is_overdue() {
            return self.stop_overdue();
        }
        let mut this = self.as_mut().project();
        if let Some(refused) = this.refused.take() {
            *this.failed = true;
            this.control.run().cancel();
            return Poll::Ready(Some(Err(refused)));
        }
        if let Poll::Ready(flow) = this.stream.poll_next(cx) {
            let flow = flow.map(without_policy);
            if !matches!(flow, Some(Ok(_))) {
                *this.failed |= flow.is_some();
                if *this.failed {
                    this.control.run().cancel();
                }
            }
            return Poll::Ready(flow);
        }
        // Checked only while the stages wait, so that items have no overhead.
        if let (None, Some(after)) = (&*this.timer, *this.deadline) {
            let timer = this.started.checked_add(after).map(sleep_until);
            this.timer.set(timer);
        }
        let timer = this.timer.as_pin_mut();
        if timer.is_some_and(|timer| timer.poll(cx).is_ready()) {
            return self.stop_overdue();
        }
        ready!(this.cancellation.poll(cx));
        self.stop(StageError::CANCELLED, "the run was cancelled")
    }

    fn poll_outcome(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let this = self.project();
        this.stream.end();
        // The stages have dropped what they held, so the futures that they left can end.
        this.ends.extend(this.local_stats.take_ends());
        while let Some(end) = this.ends.last_mut() {
            match end.poll_unpin(cx) {
                Poll::Ready(ended) => {
                    // An earlier failure of the run itself may be the cause of this one.
                    if let Some(failure) = ended.err().filter(|_| !*this.failed) {
                        this.ending.failed(failure);
                    }
                    this.ends.pop();
                }
                Poll::Pending if this.control.run().is_cancelled() => this.ends.clear(),
                Poll::Pending => return Poll::Pending,
            }
        }
        let stages = this.local_stats.read().into_iter().map(|(stage, report)| {
            let report = Some(report);
            StageSummary { stage, report }
        });
        Poll::Ready(Outcome {
            verified: None,
            stages: stages.collect(),
            ending: std::mem::take(this.ending),
            elapsed: this.started.elapsed(),
        })
    }

    fn cancel(&self) {
        self.control.run().cancel();
    }

    fn drain_handle(&self) -> DrainHandle {
        DrainHandle::new(self.control.clone())
    }
}
