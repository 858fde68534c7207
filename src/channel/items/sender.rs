use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::Sink;
use serde_json::Value;

use super::encoding::Encoding;
use super::local::LocalSender;
use super::short_name::short_name;
use super::{Event, SendError, flusher};
use crate::channel::writer::{Outbox, say_farewell};
use crate::channel::{Aside, ChannelWriter, Custody, Remark, StreamReport, Verdict, WriteError};
use crate::codec::{Compression, Encode, Format, Json};
use crate::wire::{Abort, Text};

/// The end of a channel that items of type `T` go into, in format `F`.
///
/// It is a [`Sink`] of `T`. Items are joined into frames of up to 64 KiB while the sender is busy.
/// As soon as the application pauses, or the sender would have to wait, what is there goes out,
/// without a call to [`flush`](Self::flush); so a single item is never held back, and a million go
/// out in full frames. The sender is held back when the receiver is slower.
///
/// An item that comes alone goes out at once, and so does the rest of a burst when the task of the
/// sender pauses. If the task runs beside the worker threads of the runtime, as in `block_on` of
/// the multi-threaded one, the rest of a burst goes out within about 2 milliseconds of its end,
/// and an item of a stream that does not fill its frames within about 12.
///
/// The stream is whole only after [`close`](Self::close) has returned `Ok`. **Dropping** a sender
/// that was used and not closed aborts the stream: the receiver gets an error.
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
    target: Target<T, F>,
    custody: Option<Custody<Sender<T, F>>>,
    types: PhantomData<fn(T)>,
}

pub(super) enum Target<T, F> {
    /// Not used yet; the writer gets its header with the first use, when the bounds are known.
    New(Option<Box<ChannelWriter>>),
    Channel(Arc<Encoding<F>>),
    Local {
        queue: LocalSender<T>,
        report: StreamReport,
        /// Messages that others want to go out with what is sent here.
        aside: Aside,
    },
}

impl<T, F: Format> Sender<T, F> {
    /// Sends items into a channel of bytes that was not used yet.
    pub fn new(writer: ChannelWriter) -> Self {
        Self {
            target: Target::New(Some(Box::new(writer))),
            custody: None,
            types: PhantomData,
        }
    }

    /// Sends items to a receiver in this process, as they are.
    pub(crate) fn local(queue: LocalSender<T>, aside: Aside) -> Self {
        let target = Target::Local {
            queue,
            report: StreamReport::default(),
            aside,
        };
        Self {
            target,
            custody: None,
            types: PhantomData,
        }
    }

    /// Gives the sender to `custody` when it is dropped, instead of aborting the stream.
    pub(crate) fn in_custody(mut self, custody: Custody<Self>) -> Self {
        self.custody = Some(custody);
        self
    }

    /// Puts the user's own metadata into the header. Without effect once the sender was used.
    #[must_use]
    pub fn with_content(mut self, content: Value) -> Self {
        self.set_writer(|writer| writer.with_content(content));
        self
    }

    /// Compresses the stream, and says so in the header; the receiver undoes it by itself. Without
    /// effect once the sender was used.
    ///
    /// As [`ChannelWriter::compressed`]. Items go out at once when the sender pauses, as they do
    /// without, and can be decompressed by then.
    #[must_use]
    pub fn compressed(mut self, compression: Compression) -> Self {
        self.set_writer(|writer| writer.compressed(compression));
        self
    }

    /// Passes the metadata of another stream on. Without effect once the sender was used.
    pub(crate) fn set_metadata(&mut self, metadata: Option<&Value>) {
        self.set_writer(|writer| writer.with_metadata(metadata));
    }

    fn set_writer(&mut self, set: impl FnOnce(ChannelWriter) -> ChannelWriter) {
        if let Target::New(writer) = &mut self.target {
            *writer = writer.take().map(|writer| Box::new(set(*writer)));
        }
    }

    /// Passes the metadata of another stream on; see [`set_metadata`](Self::set_metadata).
    pub(crate) fn with_metadata(mut self, metadata: Option<&Value>) -> Self {
        self.set_metadata(metadata);
        self
    }

    /// What was accepted so far, and how the stream ended.
    pub fn report(&self) -> StreamReport {
        match &self.target {
            Target::New(_) => StreamReport::default(),
            Target::Channel(encoding) => encoding.with_outbox(Outbox::report),
            Target::Local { report, .. } => report.clone(),
        }
    }
}

impl<T: Send + 'static, F: Encode<T>> Sender<T, F> {
    /// The target, ready for use.
    pub(super) fn target(&mut self) -> &mut Target<T, F> {
        if let Target::New(writer) = &mut self.target
            && let Some(writer) = writer.take()
        {
            let beat = writer.heartbeat().filter(|_| flusher::can_start());
            let writer = writer.with_header(|header| {
                F::NAME.clone_into(&mut header.format);
                header.encoding = F::ENCODING.map(str::to_owned);
                header.item = Some(short_name::<T>());
                header.schema = F::shape();
                header.heartbeat_ms = beat.and_then(|beat| beat.as_millis().try_into().ok());
            });
            let encoding = Arc::new(Encoding::new(writer.into_outbox(), F::default()));
            flusher::start(&encoding, beat);
            self.target = Target::Channel(encoding);
        }
        &mut self.target
    }

    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        match self.target() {
            Target::New(_) => Poll::Ready(Err(WriteError::Closed)),
            Target::Channel(encoding) => encoding.poll_ready(cx),
            Target::Local {
                queue,
                report,
                aside,
            } => {
                ready!(queue.poll_ready(cx))?;
                while let Some(remark) = aside.pop() {
                    report.messages += u64::from(matches!(remark, Remark::Message(_)));
                    queue.push(remark.into());
                    ready!(queue.poll_ready(cx))?;
                }
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Accepts an item. To follow a `poll_ready` that was ready.
    pub(crate) fn push(&mut self, item: T) -> Result<(), SendError<T>> {
        match self.target() {
            Target::New(_) => Err(SendError::channel(WriteError::Closed, Some(item))),
            Target::Channel(encoding) => encoding.push(item),
            Target::Local { queue, report, .. } => {
                report.items += 1;
                queue.push(Event::Item(item));
                Ok(())
            }
        }
    }

    /// Accepts a message. To follow a `poll_ready` that was ready.
    pub(crate) fn push_message(&mut self, text: Text) -> Result<(), WriteError> {
        match self.target() {
            Target::New(_) => Err(WriteError::Closed),
            Target::Channel(encoding) => encoding.push_message(text),
            Target::Local { queue, report, .. } => {
                report.messages += 1;
                queue.push(Event::Message(text));
                Ok(())
            }
        }
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        match self.target() {
            Target::New(_) | Target::Local { .. } => Poll::Ready(Ok(())),
            Target::Channel(encoding) => encoding.poll(cx, Outbox::poll_flush),
        }
    }

    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        if let Target::Local {
            report: StreamReport { verdict: None, .. },
            ..
        } = self.target()
        {
            ready!(self.poll_ready(cx))?;
        }
        match self.target() {
            Target::New(_) => Poll::Ready(Ok(())),
            Target::Channel(encoding) => encoding.poll(cx, Outbox::poll_close),
            Target::Local { queue, report, .. } => {
                ready!(queue.poll_close(cx))?;
                report.verdict.get_or_insert(Verdict::Complete);
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Sends an item, waiting until there is room.
    ///
    /// # Errors
    ///
    /// A [`SendError`] with the item in it: the channel's error, every time, or that the item
    /// has no form in this format, after which the sender goes on.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before it is ready, the item was not accepted.
    pub async fn send(&mut self, item: T) -> Result<(), SendError<T>> {
        if let Err(error) = poll_fn(|cx| self.poll_ready(cx)).await {
            return Err(SendError::channel(error, Some(item)));
        }
        self.push(item)
    }

    /// Sends a message, in order with the items around it, and flushes.
    ///
    /// # Errors
    ///
    /// As for [`ChannelWriter::send_message`].
    ///
    /// # Cancel safety
    ///
    /// As for [`ChannelWriter::send_message`].
    pub async fn send_message(&mut self, text: impl Into<Text>) -> Result<(), WriteError> {
        poll_fn(|cx| self.poll_ready(cx)).await?;
        self.push_message(text.into())?;
        self.flush().await
    }

    /// Waits until everything accepted so far is with the operating system.
    ///
    /// # Errors and cancel safety
    ///
    /// As for [`ChannelWriter::flush`].
    pub async fn flush(&mut self) -> Result<(), WriteError> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Ends the stream: flushes, sends the end message and waits until the engine has confirmed.
    ///
    /// # Errors and cancel safety
    ///
    /// As for [`ChannelWriter::close`].
    pub async fn close(&mut self) -> Result<(), WriteError> {
        poll_fn(|cx| self.poll_close(cx)).await
    }

    /// Ends the stream as failed; the receiver gets `abort` as its error.
    ///
    /// # Errors and cancel safety
    ///
    /// As for [`ChannelWriter::abort`].
    pub async fn abort(&mut self, abort: Abort) -> Result<(), WriteError> {
        poll_fn(|cx| self.poll_abort(cx, &abort)).await
    }

    pub(crate) fn poll_abort(
        &mut self,
        cx: &mut Context<'_>,
        abort: &Abort,
    ) -> Poll<Result<(), WriteError>> {
        match self.target() {
            Target::New(_) => Poll::Ready(Ok(())),
            Target::Channel(encoding) => encoding.poll_abort(cx, abort),
            Target::Local { queue, .. } => queue.poll_abort(cx, abort),
        }
    }

    /// Ready when there is no use in sending; a receiver in this process tells with the next send.
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<WriteError> {
        match self.target() {
            Target::Channel(encoding) => encoding.poll(cx, Outbox::poll_gone),
            Target::New(_) | Target::Local { .. } => Poll::Pending,
        }
    }
}

impl<T: Send + 'static, F: Encode<T>> Sink<T> for Sender<T, F> {
    type Error = SendError<T>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        self.get_mut()
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

impl<T, F: Format> Drop for Sender<T, F> {
    fn drop(&mut self) {
        if let Some(custody) = self.custody.take() {
            let target = std::mem::replace(&mut self.target, Target::New(None));
            custody.give(Self {
                target,
                custody: None,
                types: PhantomData,
            });
            return;
        }
        if let Target::Channel(encoding) = &self.target
            && let Some(outbox) = encoding.leave()
        {
            say_farewell(outbox, Abort::dropped());
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
