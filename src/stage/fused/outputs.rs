use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::{self, BoxStream, Stream, StreamExt};

use super::super::{Failure, StageError};
use crate::error::Result;

/// The outputs of one item: none, one or many.
pub trait Outputs: Send + 'static {
    /// The type of an output.
    type Item;

    /// Whether requesting the next output runs user code, which may panic.
    const LAZY: bool;

    /// Returns the next output.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Self::Item>>>;
}

/// Returns the next output of `stage` for its item numbered `number`.
#[inline]
pub(in crate::stage) fn poll_output<O: Outputs>(
    outputs: Pin<&mut O>,
    cx: &mut Context<'_>,
    stage: &str,
    number: u64,
) -> Poll<Option<Result<O::Item, StageError>>> {
    let polled = if O::LAZY {
        match catch_unwind(AssertUnwindSafe(|| outputs.poll_next(cx))) {
            Ok(polled) => polled,
            Err(panic) => {
                let panicked = StageError::panicked(stage, Some(number), &*panic);
                return Poll::Ready(Some(Err(panicked)));
            }
        }
    } else {
        outputs.poll_next(cx)
    };
    polled.map(|next| {
        next.map(|item| item.map_err(|error| StageError::returned(stage, Some(number), error)))
    })
}

/// Outputs that are available immediately: one, an `Option`, a `Vec` or an array, as an iterator.
#[derive(Clone, Debug)]
pub struct Iter<I>(pub I);

/// The iterator's items are moved, never pinned.
impl<I> Unpin for Iter<I> {}

impl<I> Outputs for Iter<I>
where
    I: Iterator + Send + 'static,
{
    type Item = I::Item;

    const LAZY: bool = false;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<I::Item>>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

/// Outputs that are created on demand by an iterator or stream of the user.
pub struct Lazy<T>(BoxStream<'static, Result<T>>);

impl<T: 'static> Lazy<T> {
    /// The outputs of an iterator.
    pub fn iter<I>(items: I) -> Self
    where
        I: IntoIterator<Item = T, IntoIter: Send + 'static>,
    {
        Self::stream(stream::iter(items))
    }

    /// The outputs of an iterator, up to the first error.
    pub fn try_iter<I, E>(items: I) -> Self
    where
        I: IntoIterator<Item = Result<T, E>, IntoIter: Send + 'static>,
        E: Failure,
    {
        Self::try_stream(stream::iter(items))
    }

    /// The outputs of a stream.
    pub fn stream(items: impl Stream<Item = T> + Send + 'static) -> Self {
        Self(items.map(Ok).boxed())
    }

    /// The outputs of a stream, up to the first error.
    pub fn try_stream<E: Failure>(
        items: impl Stream<Item = Result<T, E>> + Send + 'static,
    ) -> Self {
        Self(items.map(|item| item.map_err(Failure::into_error)).boxed())
    }
}

impl<T: 'static> Outputs for Lazy<T> {
    type Item = T;

    const LAZY: bool = true;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.0.poll_next_unpin(cx)
    }
}

impl<T> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy").finish_non_exhaustive()
    }
}
