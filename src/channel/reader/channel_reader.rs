use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::error_delay::ErrorDelay;
use super::{Inbox, Messages};
use crate::channel::coop::poll_coop;
use crate::channel::link::Link;
use crate::channel::{
    MessageQueue, ReadError, StreamMetadata, StreamObserver, StreamReport, StreamStats, WriterWatch,
};
use crate::transport::Address;
use crate::wire::{Close, Direction, Frame, Header, Progress, StreamChannelRef};

/// The reading end of a channel of bytes and messages.
///
/// It implements [`AsyncRead`](tokio::io::AsyncRead) and [`AsyncBufRead`](tokio::io::AsyncBufRead),
/// for `tokio::io::copy` and tokio-util codecs, and [`Stream`](futures::Stream) of [`Frame`]s. It
/// connects on first use.
///
/// The stream ends in exactly one [`Verdict`](crate::Verdict). Only a complete stream returns
/// `Ok(None)` or end of file; a stream that was aborted, truncated or damaged returns a
/// [`ReadError`]. The `Stream` returns the error once and then ends. The methods and the
/// byte-oriented traits return it on every call, so that a second `read_to_end` cannot mistake a
/// broken stream for an empty one.
///
/// If the header names a compression, the stream is decompressed. Reports count the compressed
/// bytes.
///
/// **Dropping** it before the end cancels the stream: the writer's next write fails with
/// [`WriteError::ReaderGone`](crate::WriteError::ReaderGone). Dropping an unused reader does
/// nothing, so its ref can be used elsewhere.
///
/// # Common issues
///
/// With both `StreamExt` and `AsyncReadExt` or `AsyncBufReadExt` in scope, `take`, `chain`,
/// `split` and others are ambiguous. Use a wrapper: [`into_read`](Self::into_read) or
/// [`into_stream`](Self::into_stream).
///
/// # Example
///
/// ```
/// # #[cfg(feature = "engine")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> pipewright::Result<()> {
/// use pipewright::Frame;
///
/// let worker = pipewright::Worker::embedded().await?;
/// let channel = worker.create_channel(None).await?;
/// let (mut writer, mut reader) = (channel.writer, channel.reader);
///
/// writer.send_message("begin").await?;
/// writer.write("data").await?;
/// writer.close().await?;
///
/// assert_eq!(reader.next_frame().await?, Some(Frame::from("begin")));
/// assert_eq!(reader.next_bytes().await?.as_deref(), Some(&b"data"[..]));
/// assert_eq!(reader.next_frame().await?, None);
/// assert!(reader.report().verdict.is_some_and(|verdict| verdict.is_verified()));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "engine"))]
/// # fn main() {}
/// ```
pub struct ChannelReader {
    pub(super) inbox: Inbox,
    /// Whether the `Stream` implementation has returned the failure.
    pub(super) told: bool,
    /// Delays failures for [`AsyncRead`](tokio::io::AsyncRead).
    pub(super) error_delay: ErrorDelay,
}

impl ChannelReader {
    /// Creates the reader for the channel of `channel_ref`, at the engine at `address`.
    ///
    /// Nothing is sent before the first use; an invalid ref fails then.
    pub fn new(address: &Address, channel_ref: &StreamChannelRef) -> Self {
        Self::over(Link::new(address, channel_ref, Direction::Read))
    }

    pub(crate) fn over(link: Link) -> Self {
        Self::from_inbox(Inbox::new(link))
    }

    /// Updates `stats`, and puts messages that user code does not handle into `message_queue`.
    pub(crate) fn attached(mut self, stats: Arc<StreamStats>, message_queue: MessageQueue) -> Self {
        self.inbox.attach(stats, message_queue);
        self
    }

    /// For code that copies to the end counted by `writer`: delays errors of `AsyncRead` while that
    /// end is waiting.
    pub(crate) fn copied_to(mut self, writer: Arc<StreamStats>) -> Self {
        self.error_delay.wait_for(writer);
        self
    }

    /// Updates `stats`; messages are for user code only.
    pub(crate) fn metered(mut self, stats: Arc<StreamStats>) -> Self {
        self.inbox.attach_meter(stats);
        self
    }

    /// Sets `metadata` to that of the header once it arrives.
    pub(crate) fn describing(mut self, metadata: &StreamMetadata) -> Self {
        self.inbox.connection.set_metadata(metadata.clone());
        self
    }

    /// Fails if `writer` reports that the writing stage has ended and no data follows.
    pub(crate) fn watching(mut self, writer: WriterWatch) -> Self {
        self.inbox.watch_writer(writer);
        self
    }

    /// Removes the observers, for a channel without user data.
    pub(crate) fn unobserved(mut self) -> Self {
        self.inbox.observer = StreamObserver::default();
        self
    }

    /// Treats a stream without a header as an error. Use it if the writer is known to use
    /// pipewright. If nothing arrives before the close, the stream was never written.
    #[must_use]
    pub fn expect_header(mut self) -> Self {
        self.inbox.expect_header();
        self
    }

    /// Creates the reader of a receiver; the inverse of [`into_inbox`](Self::into_inbox).
    pub(crate) fn from_inbox(inbox: Inbox) -> Self {
        Self {
            inbox,
            told: false,
            error_delay: ErrorDelay::default(),
        }
    }

    /// Returns the state machine, for a receiver of items.
    pub(crate) fn into_inbox(self) -> Inbox {
        self.inbox
    }

    /// Waits for one operation. A dropped operation no longer counts as waiting.
    async fn operate<R>(
        &mut self,
        mut poll: impl FnMut(&mut Inbox, &mut Context<'_>) -> Poll<R>,
    ) -> R {
        let operation = Operation(&mut self.inbox);
        poll_fn(|cx| poll_coop(cx, |cx| poll(operation.0, cx))).await
    }

    /// Returns `error` to the `Stream` implementation unless it was returned before.
    pub(super) fn tell_once(&mut self, error: ReadError) -> Option<ReadError> {
        (!std::mem::replace(&mut self.told, true)).then_some(error)
    }

    /// The polling version of [`next_bytes`](Self::next_bytes).
    ///
    /// # Errors
    ///
    /// The errors of [`next_bytes`](Self::next_bytes).
    pub fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, ReadError>> {
        poll_coop(cx, |cx| self.inbox.poll_bytes(cx))
    }

    /// The polling version of [`next_frame`](Self::next_frame).
    ///
    /// # Errors
    ///
    /// The errors of [`next_frame`](Self::next_frame).
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Frame>, ReadError>> {
        self.inbox.keep_messages();
        poll_coop(cx, |cx| self.inbox.poll_frame(cx))
    }

    /// Connects now instead of with the first read.
    ///
    /// # Errors
    ///
    /// Fails if the connection cannot be made.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the next operation continues the attempt.
    pub async fn connect(&mut self) -> Result<(), ReadError> {
        self.operate(Inbox::poll_connect).await
    }

    /// Returns the next data or message, in order, or `None` at the end of a complete stream.
    ///
    /// # Errors
    ///
    /// Returns the [`ReadError`] of the verdict, on every call.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: data that was received and not returned is returned by the next call.
    pub async fn next_frame(&mut self) -> Result<Option<Frame>, ReadError> {
        self.inbox.keep_messages();
        self.operate(Inbox::poll_frame).await
    }

    /// Returns the next payload bytes, never empty, or `None` at the end of a complete stream.
    /// Messages before them are passed to [`on_message`](Self::on_message) and
    /// [`messages`](Self::messages).
    ///
    /// # Errors and cancel safety
    ///
    /// Same as [`next_frame`](Self::next_frame).
    pub async fn next_bytes(&mut self) -> Result<Option<Bytes>, ReadError> {
        self.operate(Inbox::poll_bytes).await
    }

    /// Reads the rest of the payload into memory and returns it in one piece. A single frame is not
    /// copied.
    ///
    /// # Errors
    ///
    /// The errors of [`next_frame`](Self::next_frame). Data that arrived before the failure is not
    /// returned.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the collected data stays in the reader, and the next call of any method starts
    /// with it.
    pub async fn read_all(&mut self) -> Result<Bytes, ReadError> {
        self.read_all_up_to(usize::MAX).await
    }

    /// Like [`read_all`](Self::read_all), with a limit of `limit` bytes.
    ///
    /// # Errors
    ///
    /// Returns `OverLimit` as soon as more than `limit` bytes have arrived. They stay in the
    /// reader, which remains usable. Otherwise the errors of [`next_frame`](Self::next_frame).
    ///
    /// # Cancel safety
    ///
    /// Same as [`read_all`](Self::read_all).
    pub async fn read_all_up_to(&mut self, limit: usize) -> Result<Bytes, ReadError> {
        self.operate(|inbox, cx| inbox.poll_all(limit, cx)).await
    }

    /// Waits for the first frame and returns the header, or `None` if the writer sent none.
    ///
    /// # Errors
    ///
    /// The errors of [`next_frame`](Self::next_frame).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is taken from the stream.
    pub async fn header(&mut self) -> Result<Option<&Header>, ReadError> {
        let has_one = |header: Option<&Header>| header.is_some();
        let found = self
            .operate(|inbox, cx| inbox.poll_header(cx).map_ok(has_one))
            .await?;
        Ok(self.inbox.header().filter(|_| found))
    }

    /// Calls `listener` with every later user message, after the data before the message has been
    /// read.
    ///
    /// The listener runs inside the reading task and should be short. Methods that return frames
    /// also return the message.
    pub fn on_message(&mut self, listener: impl FnMut(&str) + Send + Sync + 'static) {
        self.inbox.listeners().add_on_message(listener);
    }

    /// Calls `listener` with every later progress message of upstream stages.
    pub fn on_progress(&mut self, listener: impl FnMut(&Progress) + Send + Sync + 'static) {
        self.inbox.listeners().add_on_progress(listener);
    }

    /// Returns later user messages as a separate stream.
    ///
    /// They arrive while the data is read. A later call replaces an earlier one.
    pub fn messages(&mut self) -> Messages {
        self.inbox.listeners().queue()
    }

    /// Cancels the stream and waits at most 5 seconds for the engine's acknowledgement.
    ///
    /// The writer's next write fails. An unused reader connects in order to notify its writer. A
    /// stream that already has a verdict is unchanged.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the stream is cancelled by the first poll.
    pub async fn close(&mut self) {
        self.inbox.close(Close::NORMAL).await;
    }

    /// Like [`close`](Self::close), with a reason that the writer sees in
    /// [`WriteError::ReaderCancelled`](crate::WriteError::ReaderCancelled).
    ///
    /// A reason over 97 bytes is truncated. An engine without this extension (`docs/protocol.md`
    /// section 4.4) drops the reason; the writer then gets `ReaderGone`.
    ///
    /// # Cancel safety
    ///
    /// Same as [`close`](Self::close).
    pub async fn cancel(&mut self, reason: impl AsRef<str>) {
        self.inbox.close(Close::cancel(reason.as_ref())).await;
    }

    /// The traffic so far, and the verdict once the stream has ended.
    pub fn report(&self) -> StreamReport {
        self.inbox.report()
    }
}

/// An operation that a user waits for.
struct Operation<'a>(&'a mut Inbox);

impl Drop for Operation<'_> {
    fn drop(&mut self) {
        self.0.stop_waiting();
    }
}

impl fmt::Debug for ChannelReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelReader")
            .field("report", &self.report())
            .finish_non_exhaustive()
    }
}
