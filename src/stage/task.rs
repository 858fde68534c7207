use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use pin_project::pin_project;

use super::conclude::WritingEnd;
use super::flow::unreadable;
use super::{Caught, Flow, StageError};
use crate::channel::{Custody, Event, ReceiveError, Receiver, Sender, Signal, SignalKind};
use crate::codec::{Decode, Encode};
use crate::error::Error;

/// A stage whose code runs from a reading end to a writing end, as a stream within the process.
///
/// Each poll does three things, none of which waits for another: it feeds the input to the code,
/// runs the code, and gives what the code has put out. The code's result comes last; until it is
/// known, the end of the output is not believed.
#[pin_project]
pub(super) struct Task<S, T, F: Encode<T>, C, W, O, G: Decode<O>>
where
    T: Send + 'static,
{
    stage: String,
    #[pin]
    input: Option<Caught<S>>,
    /// Where the input goes; `None` once it is closed.
    feed: Option<Sender<T, F>>,
    /// How the input failed, to be passed on if the code does not.
    failed_input: Option<StageError>,
    #[pin]
    code: Option<C>,
    ended: Option<Result<(), StageError>>,
    /// Where the code leaves its writing end.
    custody: Custody<W>,
    writer: Option<W>,
    output: Receiver<O, G>,
    over: bool,
}

impl<S, T, F: Encode<T>, C, W, O, G: Decode<O>> Task<S, T, F, C, W, O, G>
where
    T: Send + 'static,
{
    pub(super) fn new(
        stage: String,
        input: S,
        feed: Sender<T, F>,
        code: C,
        custody: Custody<W>,
        mut output: Receiver<O, G>,
    ) -> Self {
        output.keep_all();
        Self {
            stage,
            input: Some(Caught::new(input)),
            feed: Some(feed),
            failed_input: None,
            code: Some(code),
            ended: None,
            custody,
            writer: None,
            output,
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
            let fed = self.as_mut().poll_feed(cx);
            let ran = self.as_mut().poll_code(cx);
            let this = self.as_mut().project();
            let end = match this.output.poll_event(cx) {
                Poll::Ready(Ok(Some(event))) => return Poll::Ready(Some(Ok(event))),
                Poll::Ready(Ok(None)) => Ok(()),
                // It is for the stage that takes the items to deal with.
                Poll::Ready(Err(error @ ReceiveError::Item(_))) if this.output.goes_on() => {
                    return Poll::Ready(Some(Ok(unreadable(error, true))));
                }
                Poll::Ready(Err(error)) => Err(error),
                // What was done above may have made room for more of it.
                Poll::Pending if fed || ran => continue,
                Poll::Pending => return Poll::Pending,
            };
            // The output is over, and the code's result tells why, once there is one.
            let Some(ended) = this.ended.clone() else {
                if ran {
                    continue;
                }
                return Poll::Pending;
            };
            *this.over = true;
            let failed = ended.err().or_else(|| {
                let input = this.failed_input.take();
                end.err()
                    .map(|error| input.unwrap_or_else(|| StageError::input(this.stage, error)))
            });
            return Poll::Ready(failed.map(Err));
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
    /// Moves input to the code as far as there is room; whether anything was moved.
    fn poll_feed(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let mut this = self.project();
        let mut moved = false;
        while let Some(feed) = this.feed {
            let Some(input) = this.input.as_mut().as_pin_mut() else {
                // The input is over; its end has to reach the code.
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
            match feed.poll_ready(cx) {
                Poll::Pending => return moved,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => {
                    // The code has dropped its reader: it wants no more.
                    this.input.set(None);
                    *this.feed = None;
                    return true;
                }
            }
            match input.poll_next(cx) {
                Poll::Pending => return moved,
                Poll::Ready(Some(Ok(event))) => {
                    moved = true;
                    if let Err(failure) = push(feed, event, this.stage) {
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

    /// Runs the code and, when it has ended, ends its output; whether anything came of it.
    fn poll_code(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let mut this = self.project();
        let mut ran = false;
        if let Some(code) = this.code.as_mut().as_pin_mut() {
            let ended = match catch_unwind(AssertUnwindSafe(|| code.poll(cx))) {
                Ok(Poll::Pending) => return false,
                Ok(Poll::Ready(Ok(()))) => Ok(()),
                Ok(Poll::Ready(Err(error))) => Err(StageError::returned(this.stage, None, error)),
                Err(panic) => Err(StageError::panicked(this.stage, None, &*panic)),
            };
            this.code.set(None);
            *this.writer = this.custody.take();
            *this.ended = Some(ended);
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

/// Hands one event on.
pub(super) fn push<T: Send + 'static, F: Encode<T>>(
    feed: &mut Sender<T, F>,
    event: Event<T>,
    stage: &str,
) -> Result<(), StageError> {
    match event {
        Event::Item(item) => feed
            .push(item)
            .map_err(|error| StageError::unwritable(stage, &error)),
        Event::Message(text) => feed
            .push_message(text)
            .map_err(|error| StageError::unwritable_message(stage, &error)),
        Event::Progress(progress) => {
            feed.push_progress(*progress);
            Ok(())
        }
        Event::Signal(Signal(SignalKind::Turn(turn))) => {
            feed.push_turn(turn);
            Ok(())
        }
        Event::Signal(Signal(SignalKind::Unreadable(unreadable))) => feed
            .push_unreadable(unreadable)
            .map_err(|error| StageError::input(stage, error)),
    }
}

/// Sends everything that `input` gives, until it is over; the end itself is for the caller.
pub(super) async fn send_all<T, F>(
    input: impl Stream<Item = Flow<T>>,
    sender: &mut Sender<T, F>,
    stage: &str,
) -> Result<(), StageError>
where
    T: Send + 'static,
    F: Encode<T>,
{
    let output = |error| StageError::output(stage, error);
    let mut input = std::pin::pin!(input);
    std::future::poll_fn(|cx| {
        loop {
            ready!(sender.poll_ready(cx)).map_err(output)?;
            match input.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => push(sender, event, stage)?,
                Poll::Ready(Some(Err(failure))) => return Poll::Ready(Err(failure)),
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    // A reader that goes while there is nothing to write ends the stage, too.
                    let gone = ready!(sender.poll_gone(cx));
                    return Poll::Ready(Err(output(gone)));
                }
            }
        }
    })
    .await
}
