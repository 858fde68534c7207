use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Sink;

use super::super::{SendError, Sender};
use super::sender::Target;
use crate::channel::WriteError;
use crate::codec::{Encode, Format};
use crate::wire::{Abort, Text};

impl<T: Send + 'static, F: Encode<T>> Sender<T, F> {
    /// Whether there is room for an item and the budget need not be charged.
    #[inline]
    pub(in crate::channel::items) fn has_room(&mut self) -> bool {
        match &self.target {
            Target::Channel {
                encoder,
                starts: false,
            } => encoder.is_ready() && self.pace.is_free(),
            _ => false,
        }
    }

    /// Yields once if the task has computed for a millisecond.
    pub(crate) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.pace.poll_turn(cx)
    }

    /// Sends an item, waiting for room.
    ///
    /// # Errors
    ///
    /// Returns a [`SendError`] that contains the item. If the channel failed, every later call
    /// fails too. If the format cannot represent the item, the sender stays usable.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before it is ready, the item was not accepted.
    pub async fn send(&mut self, item: T) -> Result<(), SendError<T>> {
        if !self.has_room()
            && let Err(error) = self.operate(Self::poll_ready).await
        {
            return Err(SendError::channel(error, Some(item)));
        }
        self.push(item)
    }

    /// Sends a message, in order with the items around it, and flushes.
    ///
    /// # Errors
    ///
    /// The errors of [`ChannelWriter::send_message`](crate::channel::ChannelWriter::send_message).
    ///
    /// # Cancel safety
    ///
    /// Same as [`ChannelWriter::send_message`](crate::channel::ChannelWriter::send_message).
    pub async fn send_message(&mut self, text: impl Into<Text>) -> Result<(), WriteError> {
        self.operate(Self::poll_ready).await?;
        self.push_message(text.into())?;
        self.flush().await
    }

    /// Waits until everything accepted so far has been passed to the operating system.
    ///
    /// # Errors and cancel safety
    ///
    /// Same as [`ChannelWriter::flush`](crate::channel::ChannelWriter::flush).
    pub async fn flush(&mut self) -> Result<(), WriteError> {
        self.operate(Self::poll_flush).await
    }

    /// Ends the stream: flushes, sends the end message and waits for the engine's confirmation.
    ///
    /// # Errors and cancel safety
    ///
    /// Same as [`ChannelWriter::close`](crate::channel::ChannelWriter::close).
    pub async fn close(&mut self) -> Result<(), WriteError> {
        self.operate(Self::poll_close).await
    }

    /// Ends the stream as failed; the receiver gets `abort` as its error.
    ///
    /// # Errors and cancel safety
    ///
    /// Same as [`ChannelWriter::abort`](crate::channel::ChannelWriter::abort).
    pub async fn abort(&mut self, abort: Abort) -> Result<(), WriteError> {
        self.operate(|sender, cx| sender.poll_abort(cx, &abort))
            .await
    }

    /// Waits for one operation. A dropped operation no longer counts as waiting.
    pub(in crate::channel::items) async fn operate<R>(
        &mut self,
        mut poll: impl FnMut(&mut Self, &mut Context<'_>) -> Poll<R>,
    ) -> R {
        let operation = Operation(self);
        poll_fn(|cx| poll(operation.0, cx)).await
    }
}

/// An operation that a user waits for.
struct Operation<'a, T, F: Format>(&'a mut Sender<T, F>);

impl<T, F: Format> Drop for Operation<'_, T, F> {
    fn drop(&mut self) {
        self.0.stop_waiting();
    }
}

impl<T: Send + 'static, F: Encode<T>> Sink<T> for Sender<T, F> {
    type Error = SendError<T>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        let sender = self.get_mut();
        ready!(sender.poll_turn(cx));
        sender
            .poll_ready(cx)
            .map_err(|error| SendError::channel(error, None))
    }

    fn start_send(self: Pin<&mut Self>, item: T) -> Result<(), SendError<T>> {
        self.get_mut().push(item)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        self.get_mut()
            .poll_flush(cx)
            .map_err(|error| SendError::channel(error, None))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        self.get_mut()
            .poll_close(cx)
            .map_err(|error| SendError::channel(error, None))
    }
}
