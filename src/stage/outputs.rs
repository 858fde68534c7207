use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;
use pin_project::pin_project;

use crate::error::{Error, Result};

/// What a stage makes of one item: none, one or many.
pub trait Outputs: Send + 'static {
    /// The type of each.
    type Item;

    /// The next output.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Self::Item>>>;
}

/// Outputs that are there at once: `Some(x)`, a `Vec`, any iterator.
#[derive(Clone, Debug)]
pub struct Iter<I>(pub I);

impl<I> Outputs for Iter<I>
where
    I: Iterator + Send + Unpin + 'static,
{
    type Item = I::Item;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<I::Item>>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

/// Outputs that come over time: a stream.
#[derive(Debug)]
#[pin_project]
pub struct Streamed<S>(#[pin] pub S);

impl<S, T, E> Outputs for Streamed<S>
where
    S: Stream<Item = Result<T, E>> + Send + 'static,
    E: Into<Error>,
{
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.project()
            .0
            .poll_next(cx)
            .map(|next| next.map(|item| item.map_err(Into::into)))
    }
}
