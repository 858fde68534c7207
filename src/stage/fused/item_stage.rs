use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::{BoxStream, Stream, StreamExt};
use pin_project::pin_project;

use super::super::{Flow, StageError};

/// An item stage that is connected to its input: sequentially (`S`), or as in
/// [`concurrent`](super::concurrent).
///
/// Each item costs one comparison here, regardless of the stage.
#[pin_project(project = Joining)]
pub(in crate::stage) enum FusedItemStage<S, T> {
    Sequential(#[pin] S),
    Other(Other<T>),
}

pub(in crate::stage) enum Other<T> {
    Concurrent(BoxStream<'static, Flow<T>>),
    Refused(Option<StageError>),
}

impl<S, T> FusedItemStage<S, T> {
    #[inline]
    pub(in crate::stage) fn one_by_one(stream: S) -> Self {
        Self::Sequential(stream)
    }

    pub(in crate::stage) fn concurrent(stream: BoxStream<'static, Flow<T>>) -> Self {
        Self::Other(Other::Concurrent(stream))
    }

    /// A stage that cannot run because of its parameters.
    pub(in crate::stage) fn refused(refused: StageError) -> Self {
        Self::Other(Other::Refused(Some(refused)))
    }
}

impl<S, T> Stream for FusedItemStage<S, T>
where
    S: Stream<Item = Flow<T>>,
{
    type Item = Flow<T>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>> {
        match self.project() {
            Joining::Sequential(stream) => stream.poll_next(cx),
            Joining::Other(other) => other.poll_next(cx),
        }
    }
}

impl<T> Other<T> {
    #[cold]
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>> {
        match self {
            Self::Concurrent(stream) => stream.poll_next_unpin(cx),
            Self::Refused(refused) => Poll::Ready(refused.take().map(Err)),
        }
    }
}
