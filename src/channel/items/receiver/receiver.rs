use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use super::super::local::LocalReceiver;
use super::super::pace::{Pace, poll_paced};
use super::super::{Event, ReceiveError, Signal, SignalKind, Unreadable, short_name};
use super::decoder::ItemDecoder;
use super::local_source::LocalSource;
use super::settings::Settings;
use crate::channel::coop::poll_coop;
use crate::channel::{ChannelReader, MessageQueue, QueuedMessage, StreamMetadata, StreamReport};
use crate::codec::{Decode, Format, ItemLimits, Json};
use crate::wire::{Close, Header};

/// The receiving end of a channel of items of type `T` in format `F`.
///
/// It is a [`Stream`](futures::Stream) of `Result<T, ReceiveError>`. Before the first item, the
/// stream's header is compared with `F`, and with the shape of `T` if the format is positional. A
/// stream without a header, from a worker that does not use pipewright, is decoded as `F`.
///
/// `Ok(None)` from [`recv`](Self::recv), or the end of the `Stream`, means that the writer closed
/// the stream and everything arrived. In every other case, the stream ends with an error.
///
/// **Dropping** it before the end cancels the stream: the sender's next send fails.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "engine")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> pipewright::Result<()> {
/// use futures::TryStreamExt;
/// use pipewright::{Channel, ReaderRef, Receiver};
///
/// let worker = pipewright::Worker::embedded().await?;
/// let channel: Channel<String> = worker.channel(None).await?;
/// let mut sender = channel.sender;
/// sender.send("one".to_owned()).await?;
///
/// // Somebody who takes the items for numbers: the item is at fault, and it is all there.
/// let reader_ref = ReaderRef::from(channel.reader_ref.into_inner());
/// let mut numbers: Receiver<u32> = reader_ref.open(worker.address());
/// let error = numbers.recv().await.unwrap_err();
/// assert_eq!(error.bad_item().unwrap().bytes, "\"one\"\n");
///
/// // As a `Stream`.
/// let channel: Channel<u32> = worker.channel(None).await?;
/// let (mut sender, receiver) = (channel.sender, channel.receiver);
/// for number in 0..3 {
///     sender.send(number).await?;
/// }
/// let (closed, numbers) = tokio::join!(sender.close(), receiver.try_collect::<Vec<_>>());
/// closed?;
/// assert_eq!(numbers?, [0, 1, 2]);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "engine"))]
/// # fn main() {}
/// ```
pub struct Receiver<T, F: Format = Json> {
    pub(in crate::channel::items) source: Source<T, F>,
    pub(in crate::channel::items) told: bool,
    /// Whether the `Stream` implementation has returned its end.
    pub(in crate::channel::items) over: bool,
    /// An error to be returned by the next call.
    pub(in crate::channel::items) held: Option<Box<ReceiveError>>,
    /// Queues messages from within the process that user code does not handle.
    pub(in crate::channel::items) message_queue: Option<MessageQueue>,
    /// Whether user code handles messages and progress itself.
    pub(in crate::channel::items) keeps_messages: bool,
    pub(in crate::channel::items) pace: Pace,
}

pub(in crate::channel::items) enum Source<T, F> {
    /// Not used yet. Decoding starts with the first use, when the trait bounds are known.
    New {
        reader: Option<Box<ChannelReader>>,
        settings: Settings,
    },
    Channel(Box<ItemDecoder<T, F>>),
    Local(Box<LocalSource<T>>),
}

impl<T, F: Format> Receiver<T, F> {
    /// Receives items from an unused channel of bytes.
    pub fn new(reader: ChannelReader) -> Self {
        let source = Source::New {
            reader: Some(Box::new(reader)),
            settings: Settings::default(),
        };
        Self {
            source,
            told: false,
            over: false,
            held: None,
            message_queue: None,
            keeps_messages: false,
            pace: Pace::new(),
        }
    }

    /// Receives items from a sender in this process, as values.
    pub(crate) fn local(queue: LocalReceiver<T>, message_queue: Option<MessageQueue>) -> Self {
        Self {
            source: Source::Local(Box::new(LocalSource::new(queue))),
            told: false,
            over: false,
            held: None,
            message_queue,
            keeps_messages: false,
            pace: Pace::new(),
        }
    }

    /// Sets the metadata of a stream within this process.
    pub(crate) fn describing(mut self, metadata: &StreamMetadata) -> Self {
        if let Source::Local(local) = &mut self.source {
            local.describe(metadata.clone());
        }
        self
    }

    /// Sets the limits of an item. Has no effect after the first item.
    #[must_use]
    pub fn limits(self, limits: ItemLimits) -> Self {
        self.set(|settings| settings.limits = limits)
    }

    /// Continues after an item that cannot be decoded, if the format can find the next one: the
    /// error is returned, then the following items. By default, the first bad item ends the stream.
    /// Has no effect after the first item.
    #[must_use]
    pub fn go_on_after_bad_items(self) -> Self {
        self.set(|settings| settings.goes_on_after_bad_items = true)
    }

    /// The traffic so far, and the verdict once the stream has ended.
    pub fn report(&self) -> StreamReport {
        match &self.source {
            Source::New { .. } => StreamReport::default(),
            Source::Channel(decoder) => decoder.report(),
            Source::Local(local) => local.report(),
        }
    }

    fn set(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        match &mut self.source {
            Source::New { settings, .. } => set(settings),
            // A stage may have waited for the header before its code changed a setting.
            Source::Channel(decoder) => {
                let mut settings = decoder.settings();
                set(&mut settings);
                decoder.set(settings);
            }
            Source::Local(local) => {
                let mut settings = Settings::default();
                set(&mut settings);
                local.set(settings);
            }
        }
        self
    }
}

impl<T, F: Decode<T>> Receiver<T, F> {
    /// Returns `error` to the `Stream` implementation only the first time, if it has ended the
    /// stream.
    pub(crate) fn tell_once(&mut self, error: ReceiveError) -> Option<ReceiveError> {
        let told = !self.goes_on() && std::mem::replace(&mut self.told, true);
        (!told).then_some(error)
    }

    /// Whether items may follow the returned error.
    pub(crate) fn goes_on(&self) -> bool {
        match &self.source {
            Source::New { .. } => false,
            Source::Channel(decoder) => !decoder.has_failed(),
            Source::Local(local) => local.goes_on(),
        }
    }

    /// The source, ready for use.
    pub(in crate::channel::items) fn source(&mut self) -> &mut Source<T, F> {
        if let Source::New { reader, settings } = &mut self.source
            && let Some(reader) = reader.take()
        {
            let mut decoder = ItemDecoder::new(reader.into_inbox());
            decoder.set(*settings);
            self.source = Source::Channel(Box::new(decoder));
        }
        &mut self.source
    }

    pub(crate) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Event<T>>, ReceiveError>> {
        if let Some(error) = self.held.take() {
            return Poll::Ready(Err(*error));
        }
        poll_paced(
            self,
            |end| &mut end.pace,
            cx,
            |end, cx| match end.source() {
                Source::New { .. } => Poll::Ready(Ok(None)),
                Source::Channel(decoder) => decoder.poll_event(cx),
                Source::Local(local) => local.poll_event(cx),
            },
        )
    }

    /// Leaves messages and progress to user code instead of forwarding them.
    pub(in crate::channel::items) fn keep_messages(&mut self) {
        self.keeps_messages = true;
        if let Source::Channel(decoder) = self.source() {
            decoder.inbox_mut().keep_messages();
        }
    }

    /// Leaves everything that would be forwarded to the caller that polls the events.
    pub(crate) fn keep_all(&mut self) {
        self.message_queue = None;
        if let Source::Channel(decoder) = self.source() {
            decoder.inbox_mut().keep_all();
        }
    }

    /// Like [`poll_event`](Self::poll_event), but handles the framework's internal events.
    pub(in crate::channel::items) fn poll_user_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Event<T>>, ReceiveError>> {
        loop {
            match ready!(self.poll_event(cx))? {
                Some(Event::Signal(Signal(SignalKind::Turn(turn)))) => {
                    if let Some(message_queue) = &self.message_queue {
                        message_queue.push(QueuedMessage::Turn(turn));
                    }
                }
                Some(Event::Signal(Signal(SignalKind::Unreadable(unreadable)))) => {
                    return Poll::Ready(Err(self.cannot_read(*unreadable)));
                }
                event => return Poll::Ready(Ok(event)),
            }
        }
    }

    /// Records an item that an earlier receiver could not read.
    fn cannot_read(&mut self, unreadable: Unreadable) -> ReceiveError {
        match &mut self.source {
            Source::Local(local) => local.cannot_read(unreadable),
            Source::New { .. } | Source::Channel(_) => unreadable.error,
        }
    }

    /// Stores an error for the next call.
    pub(in crate::channel::items) fn hold(&mut self, error: ReceiveError) {
        self.held = Some(Box::new(error));
    }

    /// Waits for one operation. A dropped operation no longer counts as waiting.
    pub(in crate::channel::items) async fn operate<R>(
        &mut self,
        mut poll: impl FnMut(&mut Self, &mut Context<'_>) -> Poll<R>,
    ) -> R {
        let operation = Operation(self);
        poll_fn(|cx| poll(operation.0, cx)).await
    }

    /// Waits for the first frame of the stream and compares the stream's header with this receiver.
    /// Returns the header, or `None` if the writer sent none.
    ///
    /// # Errors
    ///
    /// Returns a [`ReceiveError`]; mismatches are `Format`, `Shape` and `Compression`.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is taken from the stream.
    pub async fn header(&mut self) -> Result<Option<&Header>, ReceiveError> {
        match self.source() {
            Source::Channel(decoder) => {
                poll_fn(|cx| poll_coop(cx, |cx| decoder.poll_header(cx))).await?;
                Ok(decoder.header())
            }
            Source::Local(local) => {
                let make = || {
                    let mut header = Header::new(F::NAME);
                    header.encoding = F::ENCODING.map(str::to_owned);
                    header.item = Some(short_name::<T>());
                    header.schema = F::shape();
                    header
                };
                poll_fn(|cx| local.poll_header(make, cx)).await?;
                Ok(local.header())
            }
            Source::New { .. } => Ok(None),
        }
    }

    /// Connects now instead of when the first item is received.
    ///
    /// # Errors
    ///
    /// Fails if the connection cannot be made.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the next operation continues the attempt.
    pub async fn connect(&mut self) -> Result<(), ReceiveError> {
        match self.source() {
            Source::Channel(decoder) => poll_fn(|cx| decoder.poll_connect(cx)).await,
            Source::New { .. } | Source::Local(_) => Ok(()),
        }
    }

    /// Returns the underlying reader of bytes. It starts at the first byte that is not part of a
    /// received item.
    ///
    /// # Errors
    ///
    /// Returns the receiver if its sender is in this process, because there is no such reader.
    pub fn into_inner(mut self) -> Result<ChannelReader, Box<Self>> {
        self.source();
        match self.source {
            Source::New {
                reader: Some(reader),
                ..
            } => Ok(*reader),
            Source::Channel(decoder) => Ok(decoder.into_reader()),
            Source::New { .. } | Source::Local(_) => Err(Box::new(self)),
        }
    }

    /// Cancels the stream, like [`ChannelReader::close`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the stream is cancelled by the first poll.
    pub async fn close(&mut self) {
        self.close_with(Close::NORMAL).await;
    }

    /// Cancels the stream with a reason that the sender receives; see [`ChannelReader::cancel`].
    ///
    /// # Cancel safety
    ///
    /// Same as [`close`](Self::close).
    pub async fn cancel(&mut self, reason: impl AsRef<str>) {
        self.close_with(Close::cancel(reason.as_ref())).await;
    }

    async fn close_with(&mut self, close: Close) {
        match self.source() {
            Source::New { .. } => {}
            Source::Channel(decoder) => decoder.close(close).await,
            Source::Local(local) => local.close(&close),
        }
    }
}

/// An operation that a user waits for.
struct Operation<'a, T, F: Format>(&'a mut Receiver<T, F>);

impl<T, F: Format> Drop for Operation<'_, T, F> {
    fn drop(&mut self) {
        if let Source::Channel(decoder) = &mut self.0.source {
            decoder.inbox_mut().stop_waiting();
        }
    }
}

impl<T, F: Format> fmt::Debug for Receiver<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("item", &std::any::type_name::<T>())
            .field("format", &F::NAME)
            .field("report", &self.report())
            .finish_non_exhaustive()
    }
}
