use std::error::Error;
use std::fmt;
use std::pin::pin;
use std::task::{Context, Poll, Waker, ready};

use tokio::task::coop::unconstrained;

use super::super::{ReceiveError, Receiver};
use crate::codec::Decode;

/// The error of [`Receiver::try_recv`].
#[derive(Clone, Debug)]
pub enum TryRecvError {
    /// No item is available now, or the channel is not connected yet.
    Empty,
    /// The error that [`Receiver::recv`] would return.
    Failed(ReceiveError),
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there is no item now"),
            Self::Failed(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl Error for TryRecvError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Empty => None,
            Self::Failed(error) => error.source(),
        }
    }
}

impl<T, F: Decode<T>> Receiver<T, F> {
    /// Returns the next item if it is available, or `Ok(None)` at the end of a complete stream.
    ///
    /// The first call starts to connect, and later calls continue. Messages before the item are
    /// handled as in [`recv`](Self::recv).
    ///
    /// # Errors
    ///
    /// Returns [`TryRecvError::Empty`] if no item is available, otherwise the error of
    /// [`recv`](Self::recv).
    pub fn try_recv(&mut self) -> Result<Option<T>, TryRecvError> {
        let polled = pin!(unconstrained(self.operate(Self::poll_recv)));
        match Future::poll(polled, &mut Context::from_waker(Waker::noop())) {
            Poll::Pending => Err(TryRecvError::Empty),
            Poll::Ready(received) => received.map_err(TryRecvError::Failed),
        }
    }

    /// Waits for an item and appends it to `items`, together with the items available after it, up
    /// to `limit` in total. Returns their number. Returns 0 at the end of a complete stream, or if
    /// `limit` is 0.
    ///
    /// # Errors
    ///
    /// The errors of [`recv`](Self::recv). If an error follows some items, the next call returns
    /// it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before it is ready, nothing was taken.
    pub async fn recv_many(
        &mut self,
        items: &mut Vec<T>,
        limit: usize,
    ) -> Result<usize, ReceiveError> {
        if limit == 0 {
            return Ok(0);
        }
        self.operate(|receiver, cx| receiver.poll_recv_many(cx, items, limit))
            .await
    }

    /// The polling version of [`recv_many`](Self::recv_many).
    ///
    /// # Errors
    ///
    /// The errors of [`recv_many`](Self::recv_many).
    pub fn poll_recv_many(
        &mut self,
        cx: &mut Context<'_>,
        items: &mut Vec<T>,
        limit: usize,
    ) -> Poll<Result<usize, ReceiveError>> {
        let mut taken = 0;
        while taken < limit {
            let received = match self.poll_recv(cx) {
                Poll::Pending if taken > 0 => break,
                received => ready!(received),
            };
            match received {
                Ok(Some(item)) => {
                    items.push(item);
                    taken += 1;
                }
                // The next call returns the end again.
                Ok(None) => break,
                Err(error) if taken > 0 => {
                    self.hold(error);
                    break;
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(taken))
    }
}
