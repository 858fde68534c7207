use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use pin_project::pin_project;

use super::blame::Blamed;
use super::{Flow, StageError};
use crate::channel::Remark;

/// Fused stages whose panics are caught: the stage that panicked has failed.
///
/// It wraps stages wherever they are polled by something other than an item stage.
#[pin_project]
#[derive(Debug)]
pub(crate) struct Caught<S> {
    /// `None` after a panic, or after the stream was ended.
    #[pin]
    stream: Option<S>,
    /// Messages that the stage sent before it panicked.
    remarks: VecDeque<Remark>,
    failure: Option<StageError>,
}

impl<S> Caught<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream: Some(stream),
            remarks: VecDeque::new(),
            failure: None,
        }
    }

    /// Drops the stages; nothing follows.
    pub(crate) fn end(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.stream.set(None);
        this.remarks.clear();
        *this.failure = None;
    }
}

impl<S, T> Stream for Caught<S>
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
            // What nobody is blamed for is code of the user between the stages, such as a key.
            let blamed = Blamed::take().unwrap_or_default();
            *this.failure = Some(StageError::panicked(&blamed.stage, blamed.item, &*panic));
            *this.remarks = blamed.remarks;
        }
        Poll::Ready(match this.remarks.pop_front() {
            Some(remark) => Some(Ok(remark.into())),
            None => this.failure.take().map(Err),
        })
    }
}
