//! Runs a stage over channels: from its ends to its report, whatever happens in between.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use futures::FutureExt;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{Ends, StageContext, StageError, StageReport};
use crate::channel::{ChannelReader, ChannelWriter, Meter, Remark};
use crate::wire::Progress;

/// What is measured at a stage while it runs.
pub(super) struct Pulse {
    context: StageContext,
    pub(super) input: Arc<Meter>,
    pub(super) output: Arc<Meter>,
    started: Instant,
}

impl Pulse {
    pub(super) fn new(context: StageContext) -> Self {
        Self {
            context,
            input: Arc::default(),
            output: Arc::default(),
            started: Instant::now(),
        }
    }

    /// The ends with their meters; messages that the stage does not ask for pass by it.
    pub(super) async fn attach(
        &self,
        ends: &mut Ends,
    ) -> Result<(ChannelReader, ChannelWriter), StageError> {
        let (reader, writer) = ends.both(self.context.stage()).await?;
        Ok((self.attach_reader(reader), self.attach_writer(writer)))
    }

    pub(super) fn attach_reader(&self, reader: ChannelReader) -> ChannelReader {
        reader.attached(Arc::clone(&self.input), self.context.aside().clone())
    }

    pub(super) fn attach_writer(&self, writer: ChannelWriter) -> ChannelWriter {
        writer.attached(Arc::clone(&self.output), self.context.aside().clone())
    }

    pub(super) fn report(&self) -> StageReport {
        StageReport::between(
            &self.input.report(),
            &self.output.report(),
            self.started.elapsed(),
        )
    }

    /// Runs the stage's own code: until it ends, panics or is cancelled. Meanwhile it puts
    /// progress aside, at most once an interval.
    pub(super) async fn run<R>(
        &self,
        code: impl Future<Output = Result<R, StageError>>,
    ) -> Result<R, StageError> {
        let stage = self.context.stage();
        let mut code = std::pin::pin!(AssertUnwindSafe(code).catch_unwind());
        let mut cancelled = std::pin::pin!(self.context.cancelled());
        let mut ticks = self.ticks();
        poll_fn(|cx| {
            if let Poll::Ready(ended) = code.as_mut().poll(cx) {
                return Poll::Ready(
                    ended.unwrap_or_else(|panic| Err(StageError::panicked(stage, None, &*panic))),
                );
            }
            if cancelled.as_mut().poll(cx).is_ready() {
                let reason = "the run was cancelled";
                return Poll::Ready(Err(StageError::new(StageError::CANCELLED, stage, reason)));
            }
            while ticks.poll_tick(cx).is_ready() {
                self.tell_progress();
            }
            Poll::Pending
        })
        .await
    }

    fn ticks(&self) -> Interval {
        let mut ticks = interval(self.context.progress_interval());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once, and there is nothing to tell yet.
        ticks.reset();
        ticks
    }

    fn tell_progress(&self) {
        let report = self.report();
        let mut progress = Progress::default();
        self.context.stage().clone_into(&mut progress.stage);
        progress.items = report.items_out;
        progress.bytes = report.bytes_out;
        for (name, value) in [
            ("items_in", report.items_in),
            ("bytes_in", report.bytes_in),
            ("elapsed_us", report.elapsed_us),
            ("waited_in_us", report.waited_in_us),
            ("waited_out_us", report.waited_out_us),
        ] {
            progress.more.insert(name.to_owned(), value.into());
        }
        self.context.aside().push(Remark::Progress(progress));
    }
}
