use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use futures::stream::{BoxStream, StreamExt};

use super::super::super::fused::panic_context::with_panic_context;
use super::super::super::{Flow, StageContext, StageError};
use super::super::taken::Taken;
use super::pairing::{Pairing, Wanted};
use crate::channel::Event;
use crate::error::Error;

/// Reads two streams in the order that a [`Pairing`] requests.
///
/// Messages and progress of both are forwarded immediately. A failure of one stream fails the
/// operator. When no more items are needed, both streams are dropped.
pub(super) struct Paired<A, B, P> {
    pairing: P,
    /// `None` after it has ended, or when no more of its items are needed.
    left: Option<BoxStream<'static, Flow<A>>>,
    right: Option<BoxStream<'static, Flow<B>>>,
    /// Whether to poll the second stream first.
    right_first: bool,
    context: StageContext,
    over: bool,
}

impl<A, B, P: Pairing<A, B>> Paired<A, B, P> {
    pub(super) fn new(
        pairing: P,
        left: BoxStream<'static, Flow<A>>,
        right: BoxStream<'static, Flow<B>>,
        context: StageContext,
    ) -> Self {
        Self {
            pairing,
            left: Some(left),
            right: Some(right),
            right_first: false,
            context,
            over: false,
        }
    }

    /// Reads one stream. Returns an event to be forwarded; `None` if an output may be due.
    fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<Step<P::Out>> {
        let Some(stream) = &mut self.left else {
            return Poll::Pending;
        };
        let Some(flow) = ready!(stream.poll_next_unpin(cx)) else {
            self.left = None;
            self.pairing.left_ended();
            return Poll::Ready(Ok(None));
        };
        let pairing = &mut self.pairing;
        Poll::Ready(take(flow, &self.context, |item| pairing.left(item)))
    }

    fn poll_right(&mut self, cx: &mut Context<'_>) -> Poll<Step<P::Out>> {
        let Some(stream) = &mut self.right else {
            return Poll::Pending;
        };
        let Some(flow) = ready!(stream.poll_next_unpin(cx)) else {
            self.right = None;
            self.pairing.right_ended();
            return Poll::Ready(Ok(None));
        };
        let pairing = &mut self.pairing;
        Poll::Ready(take(flow, &self.context, |item| pairing.right(item)))
    }

    fn poll_any(&mut self, cx: &mut Context<'_>) -> Poll<Step<P::Out>> {
        // Alternates, so that a busy stream does not starve the other one.
        self.right_first = !self.right_first;
        if self.right_first {
            match self.poll_right(cx) {
                Poll::Pending => self.poll_left(cx),
                ready @ Poll::Ready(_) => ready,
            }
        } else {
            match self.poll_left(cx) {
                Poll::Pending => self.poll_right(cx),
                ready @ Poll::Ready(_) => ready,
            }
        }
    }

    fn end(&mut self) {
        self.over = true;
        (self.left, self.right) = (None, None);
    }

    fn failed(&self, error: Error) -> StageError {
        StageError::returned(self.context.stage(), None, error)
    }
}

/// An event to be forwarded, if any.
type Step<T> = Result<Option<Event<T>>, StageError>;

fn take<T, O>(
    flow: Flow<T>,
    context: &StageContext,
    put: impl FnOnce(T) -> Result<(), Error>,
) -> Step<O> {
    match Taken::from(flow, context)? {
        Taken::Item(item) => with_panic_context(context, || put(item))
            .map(|()| None)
            .map_err(|error| StageError::returned(context.stage(), None, error)),
        Taken::Between(event) => Ok(Some(event)),
    }
}

/// Streams are boxed, and items are only moved, never pinned.
impl<A, B, P> Unpin for Paired<A, B, P> {}

impl<A, B, P: Pairing<A, B>> Stream for Paired<A, B, P> {
    type Item = Flow<P::Out>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<P::Out>>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        loop {
            if let Some(output) = this.pairing.due() {
                return Poll::Ready(Some(Ok(Event::Item(output))));
            }
            let step = match this.pairing.wanted() {
                Wanted::Left => ready!(this.poll_left(cx)),
                Wanted::Right => ready!(this.poll_right(cx)),
                Wanted::Any => ready!(this.poll_any(cx)),
                Wanted::Nothing => {
                    this.end();
                    let ended = this.pairing.finish();
                    let failure = ended.err().map(|error| this.failed(error));
                    return Poll::Ready(failure.map(Err));
                }
            };
            match step {
                Ok(Some(event)) => return Poll::Ready(Some(Ok(event))),
                // Items without output must not monopolise the task.
                Ok(None) => ready!(this.context.poll_go_on(cx)),
                Err(failure) => {
                    this.end();
                    return Poll::Ready(Some(Err(failure)));
                }
            }
        }
    }
}
