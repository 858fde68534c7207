use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll, ready};

use serde_json::Value;

use super::super::local::{Checks, LocalSender};
use super::super::pace::{Pace, poll_paced};
use super::super::{Event, SendError, short_name::short_name};
use super::encoder::ItemEncoder;
use super::flusher;
use crate::channel::coop::poll_coop;
use crate::channel::writer::{Outbox, Packer, close_dropped};
use crate::channel::{
    ChannelWriter, MessageQueue, QueuedMessage, ReturnSlot, StreamMetadata, StreamReport, Verdict,
    WriteError,
};
use crate::codec::{Compression, Encode, Format, Json};
use crate::wire::{Abort, Text};

/// The sending end of a channel of items of type `T` in format `F`.
///
/// It is a [`Sink`](futures::Sink) of `T`. While the sender is busy, items are joined into frames
/// of up to 64 KiB. If the receiver is slower, the sender waits. A channel holds 64 frames by
/// default, and an item sent after a pause occupies a frame of its own. Therefore start the
/// receiver before you send many items.
///
/// An item is sent within 2 milliseconds of [`send`](Self::send), without a call to
/// [`flush`](Self::flush):
///
/// * An item after a pause is sent by `send` itself. So are the first items of a burst, as long
///   as this takes less than a fifth of the time.
/// * The rest of a burst waits up to 2 milliseconds for more items. Then a timer of the runtime
///   sends it, even while the sender's task computes. If blocking code occupies every thread of the
///   runtime, it is sent by the next `send` or the next await that yields.
///
/// To send a burst immediately, call `flush` after it. Without a runtime, each `send` sends its
/// item.
///
/// The stream is complete only after [`close`](Self::close) has returned `Ok`. **Dropping** a
/// sender that was used and not closed aborts the stream: the receiver gets an error.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "engine")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> pipewright::Result<()> {
/// use futures::{SinkExt, stream};
/// use pipewright::Channel;
///
/// let worker = pipewright::Worker::embedded().await?;
/// let channel: Channel<u32> = worker.channel(None).await?;
/// let (mut sender, mut receiver) = (channel.sender, channel.receiver);
///
/// sender.send(1).await?;
/// assert_eq!(receiver.recv().await?, Some(1)); // it did not wait for more
///
/// // As a `Sink`.
/// sender.send_all(&mut stream::iter([Ok(2), Ok(3)])).await?;
/// sender.close().await?;
/// assert_eq!(sender.report().items, 3);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "engine"))]
/// # fn main() {}
/// ```
pub struct Sender<T, F: Format = Json> {
    pub(in crate::channel::items) target: Target<T, F>,
    return_slot: Option<ReturnSlot<Sender<T, F>>>,
    pub(in crate::channel::items) pace: Pace,
    types: PhantomData<fn(T)>,
}

#[allow(clippy::large_enum_variant)] // Not boxed: a box costs each item an indirection.
pub(in crate::channel::items) enum Target<T, F> {
    /// Not used yet. The writer gets its header on the first use, when the trait bounds are known.
    New(Option<Box<ChannelWriter>>),
    Channel {
        encoder: Arc<ItemEncoder<F>>,
        /// The flusher was started but has not run yet.
        starts: bool,
    },
    Local {
        queue: LocalSender<T>,
        checks: Checks<F>,
        report: Box<StreamReport>,
        /// Messages from other sources that are sent with the items.
        message_queue: MessageQueue,
    },
}

impl<T, F: Format> Sender<T, F> {
    /// Sends items through an unused channel of bytes.
    pub fn new(writer: ChannelWriter) -> Self {
        Self::to(Target::New(Some(Box::new(writer))))
    }

    fn to(target: Target<T, F>) -> Self {
        Self {
            target,
            return_slot: None,
            pace: Pace::new(),
            types: PhantomData,
        }
    }

    /// Sends items to a receiver in this process, as values.
    pub(crate) fn local(queue: LocalSender<T>, message_queue: MessageQueue) -> Self {
        Self::with_local(queue, Checks::new(), message_queue)
    }

    /// Like [`local`](Self::local), for items that were already checked against their format.
    pub(crate) fn local_unchecked(queue: LocalSender<T>, message_queue: MessageQueue) -> Self {
        Self::with_local(queue, Checks::none(), message_queue)
    }

    fn with_local(queue: LocalSender<T>, checks: Checks<F>, message_queue: MessageQueue) -> Self {
        Self::to(Target::Local {
            queue,
            checks,
            report: Box::default(),
            message_queue,
        })
    }

    /// When the sender is dropped, passes it to `return_slot` instead of aborting the stream.
    pub(crate) fn in_custody(mut self, return_slot: ReturnSlot<Self>) -> Self {
        self.return_slot = Some(return_slot);
        self
    }

    /// Puts metadata for the receiver into the header. Has no effect after the first use.
    #[must_use]
    pub fn with_content(mut self, metadata: Value) -> Self {
        match &mut self.target {
            Target::Local { queue, .. } => queue.set_content(metadata),
            _ => self.set_head(|head| head.set_content(metadata)),
        }
        self
    }

    /// Compresses the stream and names the algorithm in the header; the receiver decompresses it
    /// automatically. Has no effect after the first use.
    ///
    /// Like [`ChannelWriter::compressed`]. When the sender pauses, its items are still sent
    /// immediately and can be decompressed.
    #[must_use]
    pub fn compressed(mut self, compression: Compression) -> Self {
        self.set_head(|head| head.compress(compression));
        self
    }

    /// Forwards the metadata of another stream, as known at the first use, unless the user sets
    /// other metadata.
    pub(crate) fn forwarding(mut self, metadata: &StreamMetadata) -> Self {
        self.set_head(|head| head.forward(metadata.clone()));
        self
    }

    /// Changes the header and other settings that apply before the first frame.
    fn set_head(&mut self, set: impl FnOnce(&mut Packer)) {
        match &mut self.target {
            Target::New(Some(writer)) => set(writer.packer_mut()),
            Target::Channel { encoder, .. } => encoder.set_head(set),
            Target::New(None) | Target::Local { .. } => {}
        }
    }

    /// The traffic accepted so far, and how the stream ended.
    pub fn report(&self) -> StreamReport {
        match &self.target {
            Target::New(_) => StreamReport::default(),
            Target::Channel { encoder, .. } => encoder.with_outbox(Outbox::report),
            Target::Local { report, .. } => StreamReport::clone(report),
        }
    }
}

impl<T: Send + 'static, F: Encode<T>> Sender<T, F> {
    /// Starts the sender, so that it sends messages that a stage queues before it first uses its
    /// sender. Settings still take effect until such a message is sent.
    pub(crate) fn started(mut self) -> Self {
        self.target();
        self
    }

    /// The target, ready for use.
    #[inline]
    pub(in crate::channel::items) fn target(&mut self) -> &mut Target<T, F> {
        if let Target::New(_) = self.target {
            self.begin();
        }
        &mut self.target
    }

    #[cold]
    fn begin(&mut self) {
        if let Target::New(writer) = &mut self.target
            && let Some(writer) = writer.take()
        {
            let starts = flusher::can_start();
            let beat = writer.heartbeat().filter(|_| starts);
            let writer = writer.with_header(|header| {
                F::NAME.clone_into(&mut header.format);
                header.encoding = F::ENCODING.map(str::to_owned);
                header.item = Some(short_name::<T>());
                header.schema = F::shape();
                header.heartbeat_ms = beat.and_then(|beat| beat.as_millis().try_into().ok());
            });
            let encoder = ItemEncoder::new(writer.into_outbox(), F::default(), starts);
            let encoder = Arc::new(encoder);
            encoder.send_aside();
            flusher::start(&encoder, beat);
            self.target = Target::Channel { encoder, starts };
        }
    }

    /// Yields once, so that a new flusher runs before the sender's task computes. Before its first
    /// run, the runtime keeps the flusher on this thread.
    fn poll_started(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Target::Channel { starts, .. } = self.target()
            && std::mem::take(starts)
        {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// Ready when there is room for an item. Call [`start_send`](futures::Sink::start_send) of the
    /// [`Sink`](futures::Sink) implementation next.
    ///
    /// # Errors
    ///
    /// Returns the channel's error, on every call.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        ready!(self.poll_started(cx));
        poll_paced(self, |sender| &mut sender.pace, cx, Self::poll_room)
    }

    pub(crate) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        match self.target() {
            Target::New(_) => Poll::Ready(Err(WriteError::Closed)),
            Target::Channel { encoder, .. } => encoder.poll_ready(cx),
            Target::Local {
                queue,
                report,
                message_queue,
                ..
            } => {
                ready!(queue.poll_ready(cx))?;
                while let Some(queued) = message_queue.pop() {
                    report.messages += u64::from(matches!(queued, QueuedMessage::Message(_)));
                    queue.push(queued.into());
                    ready!(queue.poll_ready(cx))?;
                }
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Accepts an item. Must follow a `poll_ready` that returned ready.
    pub(crate) fn push(&mut self, item: T) -> Result<(), SendError<T>> {
        match self.target() {
            Target::New(_) => Err(SendError::channel(WriteError::Closed, Some(item))),
            Target::Channel { encoder, .. } => encoder.push(item),
            Target::Local {
                queue,
                checks,
                report,
                ..
            } => {
                let item = checks.check(report.items, item)?;
                report.items += 1;
                queue.push(Event::Item(item));
                Ok(())
            }
        }
    }

    /// Accepts a message. Must follow a `poll_ready` that returned ready.
    pub(crate) fn push_message(&mut self, text: Text) -> Result<(), WriteError> {
        match self.target() {
            Target::New(_) => Err(WriteError::Closed),
            Target::Channel { encoder, .. } => encoder.push_message(text),
            Target::Local { queue, report, .. } => {
                report.messages += 1;
                queue.push(Event::Message(text));
                Ok(())
            }
        }
    }

    /// The polling version of [`flush`](Self::flush).
    ///
    /// # Errors
    ///
    /// The errors of [`flush`](Self::flush).
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        ready!(self.poll_started(cx));
        poll_coop(cx, |cx| match self.target() {
            Target::New(_) => Poll::Ready(Ok(())),
            Target::Local { queue, .. } => {
                queue.make_header();
                Poll::Ready(Ok(()))
            }
            Target::Channel { encoder, .. } => encoder.poll(cx, Outbox::poll_flush),
        })
    }

    /// The polling version of [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// The errors of [`close`](Self::close).
    pub fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        if let Target::Local { report, .. } = self.target()
            && report.verdict.is_none()
        {
            ready!(self.poll_ready(cx))?;
        }
        match self.target() {
            Target::New(_) => Poll::Ready(Ok(())),
            Target::Channel { encoder, .. } => encoder.poll(cx, Outbox::poll_close),
            Target::Local { queue, report, .. } => {
                ready!(queue.poll_close(cx))?;
                report.verdict.get_or_insert(Verdict::Complete);
                Poll::Ready(Ok(()))
            }
        }
    }

    pub(crate) fn poll_abort(
        &mut self,
        cx: &mut Context<'_>,
        abort: &Abort,
    ) -> Poll<Result<(), WriteError>> {
        match self.target() {
            Target::New(_) => Poll::Ready(Ok(())),
            Target::Channel { encoder, .. } => encoder.poll_abort(cx, abort),
            Target::Local { queue, .. } => queue.poll_abort(cx, abort),
        }
    }

    /// Ready when sending is no longer possible.
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<WriteError> {
        match self.target() {
            Target::Channel { encoder, .. } => encoder.poll_gone(cx),
            Target::Local { queue, .. } => queue.poll_gone(cx),
            Target::New(_) => Poll::Ready(WriteError::Closed),
        }
    }

    /// Set when a receiver in this process receives the abort of the stream.
    pub(crate) fn abort_flag(&self) -> Option<Arc<AtomicBool>> {
        match &self.target {
            Target::Local { queue, .. } => Some(queue.abort_flag()),
            Target::New(_) | Target::Channel { .. } => None,
        }
    }
}

impl<T, F: Format> Sender<T, F> {
    /// Records that the waiting operation was dropped.
    pub(in crate::channel::items) fn stop_waiting(&self) {
        if let Target::Channel { encoder, .. } = &self.target {
            encoder.stop_waiting();
        }
    }
}

impl<T, F: Format> Drop for Sender<T, F> {
    fn drop(&mut self) {
        if let Some(return_slot) = self.return_slot.take() {
            let target = std::mem::replace(&mut self.target, Target::New(None));
            return_slot.give(Self::to(target));
            return;
        }
        if let Target::Channel { encoder, .. } = &self.target
            && let Some(outbox) = encoder.leave()
        {
            close_dropped(outbox, Abort::dropped());
        }
    }
}

impl<T, F: Format> fmt::Debug for Sender<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("report", &self.report())
            .finish_non_exhaustive()
    }
}
