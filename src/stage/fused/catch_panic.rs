use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use pin_project::pin_project;

use super::super::{Flow, StageError};
use super::panic_context::PanicContext;
use crate::channel::QueuedMessage;

/// Fused stages whose panics are caught: the stage that panicked has failed.
///
/// It wraps stages wherever something other than an item stage polls them.
#[pin_project]
#[derive(Debug)]
pub(crate) struct CatchPanic<S> {
    /// `None` after a panic, or after the stream was ended.
    #[pin]
    stream: Option<S>,
    /// Messages that the stage sent before it panicked.
    queued_messages: VecDeque<QueuedMessage>,
    failure: Option<StageError>,
}

impl<S> CatchPanic<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream: Some(stream),
            queued_messages: VecDeque::new(),
            failure: None,
        }
    }

    /// Drops the stages; nothing follows.
    pub(crate) fn end(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.stream.set(None);
        this.queued_messages.clear();
        *this.failure = None;
    }
}

impl<S, T> Stream for CatchPanic<S>
where
    S: Stream<Item = Flow<T>>,
{
    type Item = Flow<T>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>> {
        let mut this = self.project();
        if let Some(stream) = this.stream.as_mut().as_pin_mut() {
            let panic = match catch_unwind(AssertUnwindSafe(|| stream.poll_next(cx))) {
                Ok(polled) => return polled,
                Err(panic) => panic,
            };
            this.stream.set(None);
            // A panic without a context occurred in user code between the stages, such as a key
            // function.
            let blamed = PanicContext::take().unwrap_or_default();
            *this.failure = Some(StageError::panicked(&blamed.stage, blamed.item, &*panic));
            *this.queued_messages = blamed.queued_messages;
        }
        Poll::Ready(match this.queued_messages.pop_front() {
            Some(queued) => Some(Ok(queued.into())),
            None => this.failure.take().map(Err),
        })
    }
}
