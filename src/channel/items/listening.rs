//! What a receiver gives beside `recv`: listeners, messages, and the `Stream` face.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use futures::stream::FusedStream;

use super::ReceiveError;
use super::receiver::{Receiver, Source};
use crate::channel::Messages;
use crate::channel::reader::Listeners;
use crate::codec::Decode;
use crate::wire::Progress;

impl<T, F: Decode<T>> Receiver<T, F> {
    /// Calls `listener` with every message of the user from now on, in order with the items.
    ///
    /// The listener runs inside the receiving task, so it should be short.
    pub fn on_message(&mut self, listener: impl FnMut(&str) + Send + Sync + 'static) {
        match self.source() {
            Source::New { .. } => {}
            Source::Channel(decoding) => {
                decoding.inbox_mut().listeners().add_on_message(listener);
            }
            Source::Local(local) => local.listeners().add_on_message(listener),
        }
    }

    /// Calls `listener` with every progress message of the stages before, from now on.
    pub fn on_progress(&mut self, listener: impl FnMut(&Progress) + Send + Sync + 'static) {
        match self.source() {
            Source::New { .. } => {}
            Source::Channel(decoding) => {
                decoding.inbox_mut().listeners().add_on_progress(listener);
            }
            Source::Local(local) => local.listeners().add_on_progress(listener),
        }
    }

    /// The messages of the user from now on, as a stream of their own; as
    /// [`ChannelReader::messages`](crate::channel::ChannelReader::messages).
    pub fn messages(&mut self) -> Messages {
        match self.source() {
            Source::New { .. } => Listeners::default().queue(),
            Source::Channel(decoding) => decoding.inbox_mut().listeners().queue(),
            Source::Local(local) => local.listeners().queue(),
        }
    }
}

/// An error that ends the stream is given once; then the stream ends.
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
