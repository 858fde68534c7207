use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use futures::stream::FusedStream;

use super::super::{Event, ReceiveError, Receiver};
use crate::codec::{Decode, Format};

/// Items and messages of a [`Receiver`] in order; see [`Receiver::events`].
///
/// # Example
///
/// ```
/// # #[cfg(feature = "engine")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> pipewright::Result<()> {
/// use pipewright::{Channel, Event};
///
/// let worker = pipewright::Worker::embedded().await?;
/// let channel: Channel<u32> = worker.channel(None).await?;
/// let (mut sender, mut receiver) = (channel.sender, channel.receiver);
/// sender.send(1).await?;
/// sender.send_message("between").await?;
/// sender.send(2).await?;
///
/// let mut events = receiver.events();
/// assert_eq!(events.next().await?, Some(Event::Item(1)));
/// assert_eq!(events.next().await?, Some(Event::Message("between".into())));
/// assert_eq!(events.next().await?, Some(Event::Item(2)));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "engine"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Events<'a, T, F: Format>(pub(in crate::channel::items) &'a mut Receiver<T, F>);

impl<T, F: Decode<T>> Receiver<T, F> {
    /// Returns items, messages and progress in order.
    pub fn events(&mut self) -> Events<'_, T, F> {
        self.keep_messages();
        Events(self)
    }
}

impl<T, F: Decode<T>> Events<'_, T, F> {
    /// Returns the next event, or `None` at the end of a complete stream.
    ///
    /// # Errors and cancel safety
    ///
    /// Same as [`Receiver::recv`].
    pub async fn next(&mut self) -> Result<Option<Event<T>>, ReceiveError> {
        self.0.operate(Receiver::poll_user_event).await
    }
}

/// An error is returned once, and then the stream ends.
impl<T, F: Decode<T>> Stream for Events<'_, T, F> {
    type Item = Result<Event<T>, ReceiveError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let event = match ready!(self.0.poll_user_event(cx)) {
            Ok(event) => event.map(Ok),
            Err(error) => self.0.tell_once(error).map(Err),
        };
        self.0.over |= event.is_none();
        Poll::Ready(event)
    }
}

impl<T, F: Decode<T>> FusedStream for Events<'_, T, F> {
    fn is_terminated(&self) -> bool {
        self.0.is_terminated()
    }
}
