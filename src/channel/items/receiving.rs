use std::task::{Context, Poll, ready};

use super::receiver::receiver::Source;
use super::{Event, ReceiveError, Receiver};
use crate::channel::QueuedMessage;
use crate::codec::Decode;

impl<T, F: Decode<T>> Receiver<T, F> {
    /// Decodes the next item of the current frame, unless the cooperative budget must be charged.
    #[inline]
    fn take_item(&mut self) -> Option<Result<T, ReceiveError>> {
        match &mut self.source {
            Source::Channel(decoder) if self.held.is_none() && self.pace.is_free() => {
                decoder.take_item()
            }
            _ => None,
        }
    }

    /// The polling version of [`recv`](Self::recv).
    ///
    /// # Errors
    ///
    /// The errors of [`recv`](Self::recv).
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<T>, ReceiveError>> {
        if let Some(item) = self.take_item() {
            return Poll::Ready(item.map(Some));
        }
        loop {
            return Poll::Ready(Ok(match ready!(self.poll_user_event(cx))? {
                Some(Event::Item(item)) => Some(item),
                Some(Event::Message(text)) => {
                    self.put_aside(QueuedMessage::Message(text));
                    continue;
                }
                Some(Event::Progress(progress)) => {
                    self.put_aside(QueuedMessage::Progress(*progress));
                    continue;
                }
                Some(Event::Signal(_)) => continue,
                None => None,
            }));
        }
    }

    /// Forwards a message from within the process; a channel does this itself.
    fn put_aside(&self, queued: QueuedMessage) {
        if let (Source::Local(_), Some(message_queue)) = (&self.source, &self.message_queue)
            && !self.keeps_messages
        {
            message_queue.push(queued);
        }
    }

    /// Receives the next item, or `None` at the end of a complete stream. Messages before it are
    /// passed to [`on_message`](Self::on_message).
    ///
    /// # Errors
    ///
    /// Returns a [`ReceiveError`]. An error that ends the stream is returned on every call. A bad
    /// item ends the stream unless [`go_on_after_bad_items`](Self::go_on_after_bad_items) was set.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no item is lost.
    pub async fn recv(&mut self) -> Result<Option<T>, ReceiveError> {
        match self.take_item() {
            Some(item) => item.map(Some),
            None => self.operate(Self::poll_recv).await,
        }
    }
}
