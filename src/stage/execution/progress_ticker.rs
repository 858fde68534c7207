//! Runs a stage over channels, from its ends to its report.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use futures::FutureExt;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::super::{Ends, StageContext, StageError, StageReport};
use super::ending::{InputFailure, StageEnding};
use super::report::all_verified;
use crate::channel::{
    ChannelReader, ChannelWriter, MessageQueue, QueuedMessage, ReadError, ReaderGone, StreamReport,
    StreamStats,
};
use crate::wire::Progress;

/// Measurements of a stage while it runs.
pub(in crate::stage) struct ProgressTicker {
    context: StageContext,
    input: Measure,
    output: Measure,
    /// The queue for progress, which is sent with the output.
    message_queue: MessageQueue,
    started: Instant,
}

/// Measurements on one side of a stage.
struct Measure {
    /// The statistics of the only end. With several ends or none, they count only waits.
    own: Arc<StreamStats>,
    /// The statistics of several ends.
    ends: Vec<Arc<StreamStats>>,
}

impl Measure {
    fn new(context: &StageContext) -> Self {
        Self {
            own: StreamStats::of_run(context.control().activity()),
            ends: Vec::new(),
        }
    }

    fn end(&mut self, context: &StageContext) -> Arc<StreamStats> {
        let stats = StreamStats::of_run(context.control().activity());
        self.ends.push(Arc::clone(&stats));
        stats
    }

    fn report(&self) -> StreamReport {
        let mut sum = self.own.report();
        for end in self.ends.iter().map(|end| end.report()) {
            sum.items += end.items;
            sum.bytes += end.bytes;
            sum.messages += end.messages;
        }
        sum
    }

    fn verified(&self) -> Option<bool> {
        if self.ends.is_empty() {
            return self.own.verified();
        }
        all_verified(self.ends.iter().map(|end| end.verified()))
    }

    fn each(&self) -> &[Arc<StreamStats>] {
        if self.ends.is_empty() {
            std::slice::from_ref(&self.own)
        } else {
            &self.ends
        }
    }

    /// How the stream failed; of several streams, the first failure.
    fn failed(&self) -> Option<&ReadError> {
        self.each().iter().find_map(|end| end.failed())
    }

    /// Whether a stream has not ended. Once the code has ended, this means that the stream was
    /// abandoned.
    fn is_left(&self) -> bool {
        let open = |end: &Arc<StreamStats>| end.verified().is_none() && end.failed().is_none();
        self.each().iter().any(open)
    }

    /// Set when the output no longer has a reader; for several ends, when none of them has.
    fn departure(&self) -> Option<ReaderGone> {
        let mut all = ReaderGone::ReaderGone;
        for end in self.each() {
            if end.departure()? == ReaderGone::Lost {
                all = ReaderGone::Lost;
            }
        }
        Some(all)
    }

    /// Whether the stage has ended its output stream, or each of several.
    fn is_ending(&self) -> bool {
        self.each().iter().all(|end| end.is_ending())
    }
}

impl ProgressTicker {
    /// For a stage whose messages are sent by its writer.
    pub(in crate::stage) fn new(context: StageContext) -> Self {
        let message_queue = context.message_queue().clone();
        Self::with_aside(context, message_queue)
    }

    /// For a stage whose code is a stream that contains the messages.
    pub(in crate::stage) fn of_stream(context: StageContext) -> Self {
        Self::with_aside(context, MessageQueue::default())
    }

    fn with_aside(context: StageContext, message_queue: MessageQueue) -> Self {
        Self {
            input: Measure::new(&context),
            output: Measure::new(&context),
            context,
            message_queue,
            started: Instant::now(),
        }
    }

    /// Attaches statistics to the ends. Messages that the stage does not handle bypass it.
    pub(in crate::stage) async fn attach(
        &self,
        ends: &mut Ends,
    ) -> Result<(ChannelReader, ChannelWriter), StageError> {
        let (reader, writer) = ends.both(self.context.stage()).await?;
        Ok((self.attach_reader(reader), self.attach_writer(writer)))
    }

    pub(in crate::stage) fn attach_reader(&self, reader: ChannelReader) -> ChannelReader {
        reader
            .attached(Arc::clone(&self.input.own), self.message_queue.clone())
            .describing(self.context.stream_metadata())
    }

    /// The reader of a stage without a writer to send messages.
    pub(in crate::stage) fn attach_last_reader(&self, reader: ChannelReader) -> ChannelReader {
        reader
            .metered(Arc::clone(&self.input.own))
            .describing(self.context.stream_metadata())
    }

    pub(in crate::stage) fn attach_writer(&self, writer: ChannelWriter) -> ChannelWriter {
        writer.attached(Arc::clone(&self.output.own), self.message_queue.clone())
    }

    /// One of several readers. [`input_waits`](Self::input_waits) shows the waits for all of them.
    pub(in crate::stage) fn attach_one_reader(&mut self, reader: ChannelReader) -> ChannelReader {
        reader.metered(self.input.end(&self.context))
    }

    /// One of several writers. The task that writes to them sends the progress; see
    /// [`message_queue`](Self::message_queue).
    pub(in crate::stage) fn attach_one_writer(&mut self, writer: ChannelWriter) -> ChannelWriter {
        writer.attached(self.output.end(&self.context), MessageQueue::default())
    }

    /// The counters of the only output.
    pub(in crate::stage) fn output_stats(&self) -> Arc<StreamStats> {
        Arc::clone(&self.output.own)
    }

    /// The queue for progress.
    pub(in crate::stage) fn message_queue(&self) -> MessageQueue {
        self.message_queue.clone()
    }

    /// The statistics that count the waits of a stage with several inputs.
    pub(in crate::stage) fn input_waits(&self) -> Arc<StreamStats> {
        Arc::clone(&self.input.own)
    }

    /// The statistics that count the waits of a stage with several outputs.
    pub(in crate::stage) fn output_waits(&self) -> Arc<StreamStats> {
        Arc::clone(&self.output.own)
    }

    pub(in crate::stage) fn report(&self) -> StageReport {
        let elapsed = self.started.elapsed();
        let mut report = StageReport::between(&self.input.report(), &self.output.report(), elapsed);
        let counts = self.context.counts();
        report.items_skipped = counts.skipped();
        report.items_dead = counts.dead();
        report.input_verified = self.input.verified();
        report.input_left = self.input.is_left();
        report.output_closed = self.output.is_ending();
        report
    }

    /// Runs the stage's own code until it ends or panics, until it should stop, or until its output
    /// has no reader. Then decides the stage's result. Meanwhile it queues progress, at most once
    /// per interval.
    pub(in crate::stage) async fn run<R>(
        &self,
        code: impl Future<Output = Result<R, StageError>>,
    ) -> Result<R, StageError> {
        let stage = self.context.stage();
        let mut code = std::pin::pin!(AssertUnwindSafe(code).catch_unwind());
        let control = self.context.control();
        let mut cancelled = std::pin::pin!(control.stage().cancelled());
        let mut unread = std::pin::pin!(control.unread().cancelled());
        let mut ticks = self.ticks();
        let ended = poll_fn(|cx| {
            if let Poll::Ready(ended) = code.as_mut().poll(cx) {
                return Poll::Ready(
                    ended.unwrap_or_else(|panic| Err(StageError::panicked(stage, None, &*panic))),
                );
            }
            // Code that computes may hold up the timer of its run.
            if cancelled.as_mut().poll(cx).is_ready() || control.is_overdue() {
                return Poll::Ready(Err(control.stopped(stage)));
            }
            // A stage that has ended its output may continue in order to finish its work.
            if !self.output.is_ending() && unread.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(StageError::output_gone(stage)));
            }
            while ticks.poll_tick(cx).is_ready() {
                // If earlier progress was not sent yet, skip this one.
                if self.message_queue.is_empty() {
                    self.message_queue
                        .push(QueuedMessage::Progress(self.progress()));
                }
            }
            Poll::Pending
        })
        .await;
        let ending = StageEnding {
            input: self.input.failed().map(InputFailure::Channel),
            output: self.output.departure(),
            stop: control.reason().filter(|_| self.input.verified().is_none()),
        };
        let ended = ending.decide(stage, ended);
        let told = ended.as_ref().map(|_| ()).map_err(StageError::clone);
        control.set_ended(told, self.report());
        ended
    }

    fn ticks(&self) -> Interval {
        let mut ticks = interval(self.context.progress_interval());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is immediate, before there is any progress.
        ticks.reset();
        ticks
    }

    fn progress(&self) -> Progress {
        let mut progress = Progress::from(&self.report());
        self.context.stage().clone_into(&mut progress.stage);
        progress
    }
}
