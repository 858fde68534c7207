use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::{BoxStream, Stream, StreamExt};
use pin_project::pin_project;

use super::{Flow, StageError};

/// An item stage that is connected to its input: sequentially (`S`), or as in
/// [`concurrent`](super::concurrent).
///
/// Each item costs one comparison here, whatever the stage is.
#[pin_project(project = Joining)]
pub(super) enum Joined<S, T> {
    OneByOne(#[pin] S),
    Other(Other<T>),
}

pub(super) enum Other<T> {
    Concurrent(BoxStream<'static, Flow<T>>),
    Refused(Option<StageError>),
}

impl<S, T> Joined<S, T> {
    #[inline]
    pub(super) fn one_by_one(stream: S) -> Self {
        Self::OneByOne(stream)
    }

    pub(super) fn concurrent(stream: BoxStream<'static, Flow<T>>) -> Self {
        Self::Other(Other::Concurrent(stream))
    }

    /// A stage that cannot run because of its parameters.
    pub(super) fn refused(refused: StageError) -> Self {
        Self::Other(Other::Refused(Some(refused)))
    }
}

impl<S, T> Stream for Joined<S, T>
where
    S: Stream<Item = Flow<T>>,
{
    type Item = Flow<T>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>> {
        match self.project() {
            Joining::OneByOne(stream) => stream.poll_next(cx),
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
