//! The ends of a channel within one process, which pass items as values.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::{PollSender, ReusableBoxFuture};

use super::{Event, SendError};
use crate::channel::{ReadError, StreamMetadata, WriteError};
use crate::codec::Encode;
use crate::wire::{Abort, Close};

/// Number of items that may be queued before the sender has to wait.
const QUEUED_ITEMS: usize = 256;

/// Creates a bounded queue of items with the two ends of a channel.
pub(crate) fn local<T: Send + 'static>() -> (LocalSender<T>, LocalReceiver<T>) {
    let (sender, receiver) = mpsc::channel(QUEUED_ITEMS);
    let taken = Arc::<AtomicBool>::default();
    let cancelled = Arc::<OnceLock<Close>>::default();
    let sender = LocalSender {
        queue: PollSender::new(sender),
        closed: false,
        gone: None,
        taken: Arc::clone(&taken),
        cancelled: Arc::clone(&cancelled),
        header: None,
    };
    let receiver = LocalReceiver {
        queue: receiver,
        peeked: None,
        end: None,
        taken,
        cancelled,
    };
    (sender, receiver)
}

enum Step<T> {
    Event(Event<T>),
    End,
    Abort(Abort),
}

/// The sending end of a [`local`] channel.
pub(crate) struct LocalSender<T> {
    queue: PollSender<Step<T>>,
    closed: bool,
    /// Completes when the receiver closes; created on demand.
    gone: Option<ReusableBoxFuture<'static, ()>>,
    taken: Arc<AtomicBool>,
    /// The close sent by a receiver that cancelled.
    cancelled: Arc<OnceLock<Close>>,
    /// The information that a channel would put into its header; `None` after the first use.
    header: Option<Box<LocalHeader>>,
}

struct LocalHeader {
    /// The metadata set by the user.
    content: Option<Value>,
    /// The metadata of the stage's input stream.
    forwarded: StreamMetadata,
    /// The metadata of this stream.
    metadata: StreamMetadata,
}

/// Rejects items that the format would reject, although no bytes are written.
pub(super) struct Checks<F>(Option<Box<F>>);

impl<F> Checks<F> {
    /// For items that were already checked.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Returns `item` if the format can represent it.
    pub(super) fn check<T>(&mut self, number: u64, item: T) -> Result<T, SendError<T>>
    where
        F: Encode<T>,
    {
        match self.0.as_mut().map_or(Ok(()), |format| format.check(&item)) {
            Ok(()) => Ok(item),
            Err(error) => Err(SendError::format(number, error, Some(item))),
        }
    }
}

impl<F: Default> Checks<F> {
    pub(super) fn new() -> Self {
        Self(Some(Box::default()))
    }
}

/// The receiving end of a [`local`] channel.
pub(crate) struct LocalReceiver<T> {
    queue: mpsc::Receiver<Step<T>>,
    /// The next event, once `poll_peek` has taken it from the queue.
    peeked: Option<Box<Event<T>>>,
    /// How the stream ended.
    end: Option<Result<(), ReadError>>,
    /// Whether the receiver has received the abort of its stream.
    taken: Arc<AtomicBool>,
    cancelled: Arc<OnceLock<Close>>,
}

impl<T> LocalSender<T> {
    /// Sets `metadata` on the first use, to the user's metadata or else to `forwarded`.
    pub(crate) fn describing(
        mut self,
        forwarded: &StreamMetadata,
        metadata: &StreamMetadata,
    ) -> Self {
        self.header = Some(Box::new(LocalHeader {
            content: None,
            forwarded: forwarded.clone(),
            metadata: metadata.clone(),
        }));
        self
    }

    /// Sets the user's metadata. Has no effect after the first use.
    pub(super) fn set_content(&mut self, content: Value) {
        if let Some(header) = &mut self.header {
            header.content = Some(content);
        }
    }

    /// Publishes the metadata at the time when a channel would send its header.
    pub(super) fn make_header(&mut self) {
        if let Some(header) = self.header.take() {
            let forwarded = || header.forwarded.get().cloned();
            header.metadata.set(header.content.or_else(forwarded));
        }
    }
}

impl<T: Send + 'static> LocalSender<T> {
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        if self.closed {
            return Poll::Ready(Err(WriteError::Closed));
        }
        self.queue
            .poll_reserve(cx)
            .map_err(|_| receiver_gone(&self.cancelled))
    }

    /// Must follow a `poll_ready` that returned ready. An event for a closed receiver is dropped,
    /// and the next `poll_ready` reports it.
    pub(super) fn push(&mut self, event: Event<T>) {
        self.make_header();
        let _ = self.queue.send_item(Step::Event(event));
    }

    /// Ready when the receiver has closed or the stream has ended.
    pub(super) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<WriteError> {
        if self.closed {
            return Poll::Ready(WriteError::Closed);
        }
        let queue = self.queue.get_ref();
        let gone = self.gone.get_or_insert_with(|| {
            let queue = queue.cloned();
            ReusableBoxFuture::new(async move {
                if let Some(queue) = queue {
                    queue.closed().await;
                }
            })
        });
        ready!(gone.poll(cx));
        // The future will not be polled again.
        self.gone = Some(ReusableBoxFuture::new(std::future::ready(())));
        Poll::Ready(receiver_gone(&self.cancelled))
    }

    /// Set when the receiver has received an abort.
    pub(super) fn abort_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.taken)
    }

    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        self.poll_finish(cx, || Step::End)
    }

    pub(super) fn poll_abort(
        &mut self,
        cx: &mut Context<'_>,
        abort: &Abort,
    ) -> Poll<Result<(), WriteError>> {
        self.poll_finish(cx, || Step::Abort(abort.clone()))
    }

    fn poll_finish(
        &mut self,
        cx: &mut Context<'_>,
        last: impl FnOnce() -> Step<T>,
    ) -> Poll<Result<(), WriteError>> {
        if self.closed {
            return Poll::Ready(Ok(()));
        }
        self.make_header();
        ready!(self.poll_ready(cx))?;
        let sent = self.queue.send_item(last());
        self.gone = None;
        self.closed = true;
        self.queue.close();
        Poll::Ready(sent.map_err(|_| receiver_gone(&self.cancelled)))
    }
}

/// The error of a sender whose receiver has disconnected.
fn receiver_gone(cancelled: &OnceLock<Close>) -> WriteError {
    let close = cancelled
        .get()
        .map_or(Close::READER_GONE, Close::for_writer);
    WriteError::from_close(&close)
}

impl<T> LocalReceiver<T> {
    pub(super) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Event<T>>, ReadError>> {
        if let Some(event) = self.peeked.take() {
            return Poll::Ready(Ok(Some(*event)));
        }
        if let Some(end) = &self.end {
            return Poll::Ready(end.clone().map(|()| None));
        }
        let end = match ready!(self.queue.poll_recv(cx)) {
            Some(Step::Event(event)) => return Poll::Ready(Ok(Some(event))),
            Some(Step::End) => Ok(()),
            Some(Step::Abort(abort)) => {
                self.taken.store(true, Relaxed);
                Err(ReadError::Aborted(abort))
            }
            None => Err(ReadError::Aborted(Abort::dropped())),
        };
        self.end = Some(end.clone());
        Poll::Ready(end.map(|()| None))
    }

    /// Waits for the next event or the end, and leaves it in place.
    pub(super) fn poll_peek(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ReadError>> {
        if let Some(event) = ready!(self.poll_event(cx))? {
            self.peeked = Some(Box::new(event));
        }
        Poll::Ready(Ok(()))
    }

    /// Cancels the stream: the sender's next send fails.
    pub(super) fn close(&mut self, close: &Close) {
        // Only the first close counts. It must be stored before the sender can see that the queue
        // is closed.
        if self.end.is_none() {
            self.cancelled.get_or_init(|| close.clone());
        }
        self.queue.close();
        self.end.get_or_insert(Err(ReadError::closed_here(0)));
    }

    pub(super) fn end(&self) -> Option<&Result<(), ReadError>> {
        self.end.as_ref()
    }
}
