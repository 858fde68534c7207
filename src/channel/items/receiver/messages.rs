//! Listeners, messages and the `Stream` implementation of a receiver.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use futures::stream::FusedStream;

use super::super::ReceiveError;
use super::receiver::{Receiver, Source};
use crate::channel::Messages;
use crate::channel::reader::Listeners;
use crate::codec::Decode;
use crate::wire::Progress;

impl<T, F: Decode<T>> Receiver<T, F> {
    /// Calls `listener` with every later user message, in order with the items.
    ///
    /// The listener runs inside the receiving task and should be short.
    pub fn on_message(&mut self, listener: impl FnMut(&str) + Send + Sync + 'static) {
        match self.source() {
            Source::New { .. } => {}
            Source::Channel(decoder) => {
                decoder.inbox_mut().listeners().add_on_message(listener);
            }
            Source::Local(local) => local.listeners().add_on_message(listener),
        }
    }

    /// Calls `listener` with every later progress message of upstream stages.
    pub fn on_progress(&mut self, listener: impl FnMut(&Progress) + Send + Sync + 'static) {
        match self.source() {
            Source::New { .. } => {}
            Source::Channel(decoder) => {
                decoder.inbox_mut().listeners().add_on_progress(listener);
            }
            Source::Local(local) => local.listeners().add_on_progress(listener),
        }
    }

    /// Returns later user messages as a separate stream; see
    /// [`ChannelReader::messages`](crate::channel::ChannelReader::messages).
    pub fn messages(&mut self) -> Messages {
        match self.source() {
            Source::New { .. } => Listeners::default().queue(),
            Source::Channel(decoder) => decoder.inbox_mut().listeners().queue(),
            Source::Local(local) => local.listeners().queue(),
        }
    }
}

/// An error that ends the stream is returned once, and then the stream ends.
impl<T, F: Decode<T>> Stream for Receiver<T, F> {
    type Item = Result<T, ReceiveError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let item = match ready!(this.poll_recv(cx)) {
            Ok(item) => item.map(Ok),
            Err(error) => this.tell_once(error).map(Err),
        };
        this.over |= item.is_none();
        Poll::Ready(item)
    }
}

impl<T, F: Decode<T>> FusedStream for Receiver<T, F> {
    fn is_terminated(&self) -> bool {
        self.over || (self.told && !self.goes_on())
    }
}
