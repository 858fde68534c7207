use std::error::Error;
use std::fmt;
use std::task::{Context, Poll, Waker};

use super::super::{SendError, Sender};
use crate::channel::WriteError;
use crate::codec::{Encode, Format, Json};

/// Permission to send one item; see [`Sender::reserve`].
#[derive(Debug)]
pub struct Permit<'a, T, F: Format = Json>(&'a mut Sender<T, F>);

impl<T: Send + 'static, F: Encode<T>> Permit<'_, T, F> {
    /// Sends an item without waiting.
    ///
    /// # Errors
    ///
    /// Fails if the format cannot represent the item; the sender stays usable.
    pub fn send(self, item: T) -> Result<(), SendError<T>> {
        self.0.push(item)
    }
}

/// The error of [`Sender::try_send`].
#[derive(Debug)]
pub enum TrySendError<T> {
    /// There is no room now, or the channel is not connected yet. Contains the item.
    Full(T),
    /// The error that [`Sender::send`] would return.
    Failed(SendError<T>),
}

impl<T> TrySendError<T> {
    /// Returns the item that was not sent; see [`SendError::into_item`].
    pub fn into_item(self) -> Option<T> {
        match self {
            Self::Full(item) => Some(item),
            Self::Failed(error) => error.into_item(),
        }
    }

    /// Whether the only reason is a lack of room.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("there is no room for the item now"),
            Self::Failed(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl<T: fmt::Debug> Error for TrySendError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Full(_) => None,
            Self::Failed(error) => error.source(),
        }
    }
}

impl<T: Send + 'static, F: Encode<T>> Sender<T, F> {
    /// Waits until there is room for one item.
    ///
    /// # Errors
    ///
    /// Returns the channel's error, on every call.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing was reserved.
    pub async fn reserve(&mut self) -> Result<Permit<'_, T, F>, WriteError> {
        self.operate(Self::poll_ready).await?;
        Ok(Permit(self))
    }

    /// Sends an item if there is room now.
    ///
    /// This method does not use the task's cooperative budget, so a loop around it must yield by
    /// itself.
    ///
    /// # Errors
    ///
    /// Returns [`TrySendError::Full`] if there is no room, otherwise the error of
    /// [`send`](Self::send).
    pub fn try_send(&mut self, item: T) -> Result<(), TrySendError<T>> {
        let ready = self.poll_room(&mut Context::from_waker(Waker::noop()));
        self.stop_waiting();
        match ready {
            Poll::Pending => Err(TrySendError::Full(item)),
            Poll::Ready(Err(error)) => {
                Err(TrySendError::Failed(SendError::channel(error, Some(item))))
            }
            Poll::Ready(Ok(())) => self.push(item).map_err(TrySendError::Failed),
        }
    }

    /// Connects and sends the header now instead of with the first item.
    ///
    /// # Errors and cancel safety
    ///
    /// Same as [`ChannelWriter::connect`](crate::ChannelWriter::connect).
    pub async fn connect(&mut self) -> Result<(), WriteError> {
        self.flush().await
    }

    /// Waits until sending is no longer possible: the receiver closed, the connection was lost, or
    /// the stream was ended here. Items that wait for more are sent immediately.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn closed(&mut self) -> WriteError {
        self.operate(Self::poll_closed).await
    }

    /// Ready when sending is no longer possible; see [`closed`](Self::closed).
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<WriteError> {
        self.poll_gone(cx)
    }

    /// Whether sending is known to be no longer possible; see [`closed`](Self::closed).
    pub fn is_closed(&mut self) -> bool {
        let gone = self.poll_gone(&mut Context::from_waker(Waker::noop()));
        gone.is_ready()
    }
}
