use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use futures::stream::FusedStream;
use tokio::sync::mpsc;
use tokio_util::sync::PollSender;

use crate::wire::{Progress, Text};

/// Number of messages in [`Messages`] at which the reader stops reading.
const QUEUED_MESSAGES: usize = 1024;

type Listener<T> = Box<dyn FnMut(&T) + Send + Sync>;

/// The listeners for messages.
#[derive(Default)]
pub(crate) struct Listeners {
    on_message: Vec<Listener<str>>,
    on_progress: Vec<Listener<Progress>>,
    queue: Option<PollSender<Text>>,
}

impl Listeners {
    pub(crate) fn add_on_message(&mut self, listener: impl FnMut(&str) + Send + Sync + 'static) {
        self.on_message.push(Box::new(listener));
    }

    pub(crate) fn add_on_progress(
        &mut self,
        listener: impl FnMut(&Progress) + Send + Sync + 'static,
    ) {
        self.on_progress.push(Box::new(listener));
    }

    /// Queues later messages; a queue created earlier receives no more.
    pub(crate) fn queue(&mut self) -> Messages {
        let (sender, receiver) = mpsc::channel(QUEUED_MESSAGES);
        self.queue = Some(PollSender::new(sender));
        Messages(receiver)
    }

    /// Waits for room in the queue, if there is one. A queue without a receiver is removed.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(queue) = &mut self.queue
            && ready!(queue.poll_reserve(cx)).is_err()
        {
            self.queue = None;
        }
        Poll::Ready(())
    }

    pub(crate) fn message(&mut self, text: &Text) {
        for listener in &mut self.on_message {
            listener(text);
        }
        if let Some(queue) = &mut self.queue
            && queue.send_item(text.clone()).is_err()
        {
            self.queue = None;
        }
    }

    pub(crate) fn progress(&mut self, progress: &Progress) {
        for listener in &mut self.on_progress {
            listener(progress);
        }
    }
}

/// The messages of a stream, without its data; see
/// [`ChannelReader::messages`](super::ChannelReader::messages).
///
/// It ends when the reader is dropped. It holds up to 1,024 messages. The reader then waits until
/// one is taken, so read data and messages concurrently.
#[derive(Debug)]
pub struct Messages(mpsc::Receiver<Text>);

impl Messages {
    /// Returns the next message, or `None` after the reader was dropped.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no message is lost.
    pub async fn next(&mut self) -> Option<Text> {
        self.0.recv().await
    }
}

impl FusedStream for Messages {
    fn is_terminated(&self) -> bool {
        self.0.is_closed() && self.0.is_empty()
    }
}

impl Stream for Messages {
    type Item = Text;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Text>> {
        self.0.poll_recv(cx)
    }
}
