use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use futures::Stream;
use pin_project::pin_project;

use super::super::execution::conclude::WritingEnd;
use super::super::execution::ending::{InputFailure, StageEnding};
use super::super::execution::grace::Grace;
use super::super::serve_stream::push;
use super::super::{CatchPanic, Flow, StageContext, StageError};
use super::flow::unreadable;
use crate::channel::{NoOutput, ReceiveError, Receiver, ReturnSlot, Sender, StreamStats};
use crate::codec::{Decode, Encode};
use crate::error::Error;
use crate::wire::Abort;

/// A stage whose code runs from a reading end to a writing end, as a stream within the process.
///
/// Each poll does three things, none of which blocks another: it passes input to the code, runs the
/// code, and returns the outputs. The code's result comes last; until it is known, the end of the
/// output is provisional. [`StageEnding`] decides the result.
///
/// As over channels, the code starts once the header of its input is known, but waits at most 1 s
/// for it.
#[pin_project]
pub(in crate::stage) struct Task<S, T, F: Encode<T>, C, W, O, G: Decode<O>>
where
    T: Send + 'static,
{
    context: StageContext,
    #[pin]
    input: Option<CatchPanic<S>>,
    /// The channel for the input; `None` once it is closed.
    feed: Option<Sender<T, F>>,
    /// How the input failed.
    failed_input: Option<StageError>,
    seen: Seen,
    start: Start,
    /// Whether the header of the input was forwarded to the code.
    has_header: bool,
    #[pin]
    code: Option<C>,
    ended: Option<Result<(), StageError>>,
    /// Receives the writing end from the code.
    return_slot: ReturnSlot<W>,
    writer: Option<W>,
    output: Receiver<O, G>,
    /// Runs while expected progress does not happen: the code has ended and its output has not, or
    /// the input has failed and the code continues.
    grace: Grace,
    over: bool,
}

/// Whether the code runs.
enum Start {
    /// It waits for the header of its input.
    Waiting(Grace),
    Started,
}

/// Determines whether the code has seen that its input failed.
pub(in crate::stage) enum Seen {
    /// There is no input.
    NoInput,
    /// The code is on another worker. Set once it has succeeded: the meaning of an output that
    /// does not end, or `None` if the output was closed.
    Elsewhere(Arc<OnceLock<Option<NoOutput>>>),
    /// There is no code: the input is forwarded, and only the end of the output matters.
    NoCode,
    Flag(Arc<AtomicBool>),
    StreamStats(Arc<StreamStats>),
}

impl Seen {
    /// For code that receives items sent by `feed`.
    pub(in crate::stage) fn by_receiver_of<T: Send + 'static, F: Encode<T>>(
        feed: &Sender<T, F>,
    ) -> Self {
        feed.abort_flag().map_or(Self::NoInput, Self::Flag)
    }

    /// The meaning of an output that does not end although its code has ended; `None` if the
    /// output was closed and the rest is on its way.
    fn silence(&self) -> Option<NoOutput> {
        let known = match self {
            Self::Elsewhere(known) => known.get().copied(),
            _ => None,
        };
        known.unwrap_or(Some(NoOutput::LeftOpen))
    }

    /// Whether the code has seen the failure.
    pub(in crate::stage) fn get(&self) -> bool {
        match self {
            Self::NoInput | Self::Elsewhere(_) | Self::NoCode => true,
            Self::Flag(flag) => flag.load(Relaxed),
            Self::StreamStats(stats) => stats.failed().is_some(),
        }
    }
}

impl<S, T, F: Encode<T>, C, W, O, G: Decode<O>> Task<S, T, F, C, W, O, G>
where
    T: Send + 'static,
{
    /// Creates a stage with the code `code`, which receives what is sent to `feed` and leaves its
    /// writing end in `return_slot`. `output` is the matching reading end.
    pub(in crate::stage) fn new(
        context: StageContext,
        input: S,
        (feed, seen): (Sender<T, F>, Seen),
        code: C,
        return_slot: ReturnSlot<W>,
        mut output: Receiver<O, G>,
    ) -> Self {
        output.keep_all();
        let start = match seen {
            Seen::Flag(_) | Seen::StreamStats(_) => Start::Waiting(Grace::default()),
            Seen::NoInput | Seen::Elsewhere(_) | Seen::NoCode => Start::Started,
        };
        Self {
            context,
            input: Some(CatchPanic::new(input)),
            feed: Some(feed),
            failed_input: None,
            seen,
            start,
            has_header: false,
            code: Some(code),
            ended: None,
            return_slot,
            writer: None,
            output,
            grace: Grace::default(),
            over: false,
        }
    }
}

impl<S, T, F, C, W, O, G> Stream for Task<S, T, F, C, W, O, G>
where
    S: Stream<Item = Flow<T>>,
    T: Send + 'static,
    F: Encode<T>,
    C: Future<Output = Result<(), Error>>,
    W: WritingEnd,
    G: Decode<O>,
{
    type Item = Flow<O>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<O>>> {
        if self.over {
            return Poll::Ready(None);
        }
        loop {
            let ran = self.as_mut().poll_code(cx);
            let this = self.as_mut().project();
            let end = match this.output.poll_event(cx) {
                Poll::Ready(Ok(Some(event))) => {
                    this.grace.restart();
                    return Poll::Ready(Some(Ok(event)));
                }
                Poll::Ready(Ok(None)) => Some(Ok(())),
                // The stage that receives the items handles an unreadable one.
                Poll::Ready(Err(error @ ReceiveError::Item(_))) if this.output.goes_on() => {
                    return Poll::Ready(Some(Ok(unreadable(error, true))));
                }
                Poll::Ready(Err(error)) => {
                    Some(Err(StageError::input(this.context.stage(), error)))
                }
                Poll::Pending => None,
            };
            let no_code = matches!(this.seen, Seen::NoCode);
            let known = end.is_some() && (this.ended.is_some() || no_code);
            // The output has ended. The code's result, once known, tells why.
            if !known {
                // Last, because an endless input uses up the cooperative budget of the task.
                let moved = self.as_mut().poll_feed(cx);
                if moved || ran || self.can_start() {
                    continue;
                }
                ready!(self.as_mut().poll_stands_still(cx));
            }
            return Poll::Ready(self.end(end).map(Err));
        }
    }
}

impl<S, T, F, C, W, O, G> Task<S, T, F, C, W, O, G>
where
    S: Stream<Item = Flow<T>>,
    T: Send + 'static,
    F: Encode<T>,
    C: Future<Output = Result<(), Error>>,
    W: WritingEnd,
    G: Decode<O>,
{
    /// Whether the code waits for a header that is already known.
    fn can_start(&self) -> bool {
        let known = self.context.stream_metadata().is_known();
        matches!(self.start, Start::Waiting(_)) && (known || self.input.is_none())
    }

    /// Completes when the stage has waited too long for an event. Called when no progress is made.
    fn poll_stands_still(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if matches!(this.ended, Some(Ok(()))) && this.seen.silence().is_none() {
            Poll::Pending
        } else if this.ended.is_some() {
            this.grace.poll(cx)
        } else if this.failed_input.is_some() {
            this.grace.poll_idle(cx)
        } else {
            Poll::Pending
        }
    }

    /// Ends a stage whose output has ended with `end`, or that makes no progress. Returns its
    /// failure.
    fn end(self: Pin<&mut Self>, end: Option<Result<(), StageError>>) -> Option<StageError> {
        let mut this = self.project();
        *this.over = true;
        this.input.set(None);
        this.code.set(None);
        let stands_still = end.is_none();
        let came = this.output.report();
        let stage = this.context.stage();
        let owed = match this.seen.silence() {
            None => None,
            Some(NoOutput::Empty) if came.items == 0 && came.bytes == 0 => None,
            Some(NoOutput::NoStage) if came.items == 0 && came.bytes == 0 => {
                Some(Abort::no_stage(stage))
            }
            Some(_) => Some(Abort::left_open(stage)),
        };
        let ended = this.ended.take().unwrap_or_else(|| {
            // Code that makes no progress may not look at its input any more.
            let input = this.failed_input.as_ref().map(InputFailure::Fused);
            let ending = StageEnding {
                input,
                ..StageEnding::default()
            };
            ending.decide(stage, Ok(()))
        });
        let output = end.and_then(Result::err);
        ended
            .err()
            .or(output)
            .or(owed.filter(|_| stands_still).map(StageError::from_abort))
    }

    /// Moves input to the code as far as there is room. Returns whether anything was moved.
    fn poll_feed(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let mut this = self.project();
        let mut moved = false;
        let known = this.context.stream_metadata().is_known();
        if let Some(feed) = this.feed
            && known
            && !std::mem::replace(this.has_header, known)
        {
            // A failure is returned by the next call.
            *this.has_header = feed.poll_flush(cx).is_ready();
        }
        while let Some(feed) = this.feed {
            let Some(input) = this.input.as_mut().as_pin_mut() else {
                // The input has ended; notify the code.
                let closed = match this.failed_input {
                    Some(failure) => feed.poll_fail(cx, failure.abort()),
                    None => feed.poll_close(cx),
                };
                if closed.is_pending() {
                    return moved;
                }
                *this.feed = None;
                return true;
            };
            if this.context.poll_go_on(cx).is_pending() {
                return false;
            }
            if feed.poll_turn(cx).is_pending() {
                return moved;
            }
            match feed.poll_ready(cx) {
                Poll::Pending => return moved,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => {
                    // The code has dropped its reader, so it needs no more items.
                    this.input.set(None);
                    *this.feed = None;
                    return true;
                }
            }
            match input.poll_next(cx) {
                Poll::Pending => {
                    if feed.poll_gone(cx).is_pending() {
                        return moved;
                    }
                    this.input.set(None);
                    *this.feed = None;
                    return true;
                }
                Poll::Ready(Some(Ok(event))) => {
                    moved = true;
                    *this.start = Start::Started;
                    if let Err(failure) = push(feed, event, this.context.stage()) {
                        *this.failed_input = Some(failure);
                        this.input.set(None);
                    }
                }
                Poll::Ready(Some(Err(failure))) => {
                    *this.failed_input = Some(failure);
                    this.input.set(None);
                }
                Poll::Ready(None) => this.input.set(None),
            }
        }
        moved
    }

    /// Runs the code and ends its output when it has ended. Returns whether anything changed.
    fn poll_code(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let can_start = self.can_start();
        let mut this = self.project();
        let mut ran = false;
        if let Start::Waiting(grace) = this.start {
            if !can_start && grace.poll_or_skip(cx).is_pending() {
                return false;
            }
            *this.start = Start::Started;
        }
        if let Some(code) = this.code.as_mut().as_pin_mut() {
            let stage = this.context.stage();
            let ended = match catch_unwind(AssertUnwindSafe(|| code.poll(cx))) {
                Ok(Poll::Pending) => return false,
                Ok(Poll::Ready(Ok(()))) => Ok(()),
                Ok(Poll::Ready(Err(error))) => Err(StageError::returned(stage, None, error)),
                Err(panic) => Err(StageError::panicked(stage, None, &*panic)),
            };
            this.code.set(None);
            *this.writer = this.return_slot.take();
            // If the code has seen that the input failed, the output must not succeed.
            let failed = this.failed_input.as_ref().filter(|_| this.seen.get());
            let ending = StageEnding {
                input: failed.map(InputFailure::Fused),
                output: None,
                stop: this
                    .context
                    .control()
                    .reason()
                    .filter(|_| this.input.is_some()),
            };
            *this.ended = Some(ending.decide(stage, ended));
            ran = true;
        }
        if let (Some(writer), Some(ended)) = (&mut *this.writer, &*this.ended) {
            let concluded = match ended {
                Ok(()) => writer.poll_close(cx),
                Err(failure) => writer.poll_fail(cx, failure.abort()),
            };
            if concluded.is_ready() {
                *this.writer = None;
                ran = true;
            }
        }
        ran
    }
}
