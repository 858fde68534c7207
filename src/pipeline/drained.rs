use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use pin_project::pin_project;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::stage::StageContext;

/// Number of consecutive ready items between two checks.
const TURN: u8 = 64;

/// A source that ends when its run is drained; see [`Run::drain`](super::Run::drain).
///
/// It checks for the drain while the source waits, and every [`TURN`] items, so the overhead per
/// item is small.
#[pin_project]
pub(super) struct Drained<S> {
    #[pin]
    stream: S,
    drain: CancellationToken,
    /// Created when the source first waits.
    #[pin]
    ended: Option<WaitForCancellationFutureOwned>,
    ready: u8,
}

impl<S> Drained<S> {
    pub(super) fn new(stream: S, context: &StageContext) -> Self {
        Self {
            stream,
            drain: context.control().drained().clone(),
            ended: None,
            ready: 0,
        }
    }
}

impl<S: Stream> Stream for Drained<S> {
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        if *this.ready == 0 && this.drain.is_cancelled() {
            return Poll::Ready(None);
        }
        if let Poll::Ready(item) = this.stream.poll_next(cx) {
            *this.ready = (*this.ready + 1) % TURN;
            return Poll::Ready(item);
        }
        *this.ready = 0;
        if this.ended.is_none() {
            let ended = this.drain.clone().cancelled_owned();
            this.ended.set(Some(ended));
        }
        if let Some(ended) = this.ended.as_mut().as_pin_mut() {
            ready!(ended.poll(cx));
        }
        Poll::Ready(None)
    }
}
