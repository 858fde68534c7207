use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::{Inbox, Messages};
use crate::channel::coop::poll_coop;
use crate::channel::link::Link;
use crate::channel::{Aside, Meter, Observed, ReadError, StreamReport, WriterWatch};
use crate::transport::Address;
use crate::wire::{Direction, Frame, Header, Progress, StreamChannelRef};

/// The end of a channel that bytes and messages come out of.
///
/// It is an [`AsyncRead`](tokio::io::AsyncRead) and [`AsyncBufRead`](tokio::io::AsyncBufRead), so
/// `tokio::io::copy` and tokio-util codecs read from it, and a [`Stream`](futures::Stream) of
/// [`Frame`]s. It connects when it is first used.
///
/// The stream ends in exactly one [`Verdict`](crate::Verdict). `Ok(None)`, or the end of file, is
/// given for a whole stream only; one that was aborted, cut short or damaged gives a
/// [`ReadError`]. A `Stream` gives the error once and then ends; the byte faces and the methods
/// give it each time, so that a second `read_to_end` cannot take a broken stream for an empty one.
///
/// A stream whose header names a compression is decompressed; reports count the bytes as they
/// travel.
///
/// **Dropping** it before the end cancels the stream: the writer's next write fails with
/// [`WriteError::ReaderGone`](crate::WriteError::ReaderGone). Dropping one that was never used
/// does nothing, so its ref can be used elsewhere.
///
/// # Common issues
///
/// With both `StreamExt` and `AsyncReadExt` or `AsyncBufReadExt` in scope, `take`, `chain`,
/// `split` and others are ambiguous. Take a view by value: [`into_read`](Self::into_read) or
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
    /// Whether the failure was given as an item of the `Stream` face.
    pub(super) told: bool,
}

impl ChannelReader {
    /// The reader's end of the channel that `channel_ref` names, at the engine at `address`.
    ///
    /// Nothing is sent before the first use; a ref that is wrong fails then.
    pub fn new(address: &Address, channel_ref: &StreamChannelRef) -> Self {
        Self::over(Link::new(address, channel_ref, Direction::Read))
    }

    pub(crate) fn over(link: Link) -> Self {
        Self {
            inbox: Inbox::new(link),
            told: false,
        }
    }

    /// Keeps `meter` up to date, and puts messages that nobody asks for into `aside`.
    pub(crate) fn attached(mut self, meter: Arc<Meter>, aside: Aside) -> Self {
        self.inbox.attach(meter, aside);
        self
    }

    /// Keeps `meter` up to date; messages are for the code behind this end alone.
    pub(crate) fn metered(mut self, meter: Arc<Meter>) -> Self {
        self.inbox.attach_meter(meter);
        self
    }

    /// Gives up when `writer` says that the stage that writes has ended, and nothing comes.
    pub(crate) fn watching(mut self, writer: WriterWatch) -> Self {
        self.inbox.watch_writer(writer);
        self
    }

    /// Has nobody look on: nothing of a user's passes here.
    pub(crate) fn unobserved(mut self) -> Self {
        self.inbox.observed = Observed::default();
        self
    }

    /// Takes a stream without header for an error, for a reader that knows its writer to be
    /// pipewright's: if nothing at all arrives before the close, the stream was never written.
    #[must_use]
    pub fn expect_header(mut self) -> Self {
        self.inbox.expect_header();
        self
    }

    /// The reader of a receiver; the inverse of [`into_inbox`](Self::into_inbox).
    pub(crate) fn from_inbox(inbox: Inbox) -> Self {
        Self { inbox, told: false }
    }

    /// The state machine alone, for a receiver of items.
    pub(crate) fn into_inbox(self) -> Inbox {
        self.inbox
    }

    /// Waits for one operation. One that is dropped does not count as waiting any more.
    async fn operate<R>(
        &mut self,
        mut poll: impl FnMut(&mut Inbox, &mut Context<'_>) -> Poll<R>,
    ) -> R {
        let operation = Operation(&mut self.inbox);
        poll_fn(|cx| poll_coop(cx, |cx| poll(operation.0, cx))).await
    }

    /// Gives `error` to a `Stream` face unless it was given before.
    pub(super) fn tell_once(&mut self, error: ReadError) -> Option<ReadError> {
        (!std::mem::replace(&mut self.told, true)).then_some(error)
    }

    /// Ready when [`next_bytes`](Self::next_bytes) is.
    ///
    /// # Errors
    ///
    /// As for [`next_bytes`](Self::next_bytes).
    pub fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, ReadError>> {
        poll_coop(cx, |cx| self.inbox.poll_bytes(cx))
    }

    /// Ready when [`next_frame`](Self::next_frame) is.
    ///
    /// # Errors
    ///
    /// As for [`next_frame`](Self::next_frame).
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Frame>, ReadError>> {
        self.inbox.keep_messages();
        poll_coop(cx, |cx| self.inbox.poll_frame(cx))
    }

    /// Connects now instead of with the first read.
    ///
    /// # Errors
    ///
    /// When the connection cannot be made.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the attempt goes on with the next operation.
    pub async fn connect(&mut self) -> Result<(), ReadError> {
        self.operate(Inbox::poll_connect).await
    }

    /// The next data or message, in order; `None` at the end of a whole stream.
    ///
    /// # Errors
    ///
    /// The [`ReadError`] that is the verdict, every time.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was received and not returned is returned by the next call.
    pub async fn next_frame(&mut self) -> Result<Option<Frame>, ReadError> {
        self.inbox.keep_messages();
        self.operate(Inbox::poll_frame).await
    }

    /// The next payload bytes, never empty; `None` at the end of a whole stream. Messages before
    /// them go to [`on_message`](Self::on_message) and [`messages`](Self::messages).
    ///
    /// # Errors and cancel safety
    ///
    /// As for [`next_frame`](Self::next_frame).
    pub async fn next_bytes(&mut self) -> Result<Option<Bytes>, ReadError> {
        self.operate(Inbox::poll_bytes).await
    }

    /// The rest of the payload, in one piece. It is all held in memory; one frame is not copied.
    ///
    /// # Errors
    ///
    /// As for [`next_frame`](Self::next_frame); what arrived before the failure is not returned.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was collected stays in the reader, and the next call, of this or any
    /// other method, begins with it.
    pub async fn read_all(&mut self) -> Result<Bytes, ReadError> {
        self.read_all_up_to(usize::MAX).await
    }

    /// As [`read_all`](Self::read_all), if the rest has at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// `OverLimit` as soon as more than `limit` bytes have arrived: they stay in the reader, which
    /// goes on. Otherwise as for [`next_frame`](Self::next_frame).
    ///
    /// # Cancel safety
    ///
    /// As for [`read_all`](Self::read_all).
    pub async fn read_all_up_to(&mut self, limit: usize) -> Result<Bytes, ReadError> {
        self.operate(|inbox, cx| inbox.poll_all(limit, cx)).await
    }

    /// The header, waiting for the first frame; `None` if the writer sent none.
    ///
    /// # Errors
    ///
    /// As for [`next_frame`](Self::next_frame).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is taken out of the stream.
    pub async fn header(&mut self) -> Result<Option<&Header>, ReadError> {
        let has_one = |header: Option<&Header>| header.is_some();
        let found = self
            .operate(|inbox, cx| inbox.poll_header(cx).map_ok(has_one))
            .await?;
        Ok(self.inbox.header().filter(|_| found))
    }

    /// Calls `listener` with every message of the user from now on, in order with the data: it
    /// hears a message when the data before it has been read.
    ///
    /// The listener runs inside the reading task, so it should be short. Frame faces give the
    /// message as well.
    pub fn on_message(&mut self, listener: impl FnMut(&str) + Send + Sync + 'static) {
        self.inbox.listeners().add_on_message(listener);
    }

    /// Calls `listener` with every progress message of the stages before, from now on.
    pub fn on_progress(&mut self, listener: impl FnMut(&Progress) + Send + Sync + 'static) {
        self.inbox.listeners().add_on_progress(listener);
    }

    /// The messages of the user from now on, as a stream of their own.
    ///
    /// They arrive while the data is read. A later call takes the place of an earlier one.
    pub fn messages(&mut self) -> Messages {
        self.inbox.listeners().queue()
    }

    /// Cancels the stream and waits, 5 seconds at the most, until the engine has taken note.
    ///
    /// The writer's next write fails. A reader that was not used connects for this, so that its
    /// writer learns of it. A stream that has reached its verdict is left as it is.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: once polled the stream is cancelled.
    pub async fn close(&mut self) {
        self.inbox.close().await;
    }

    /// What has arrived so far, and the verdict once there is one.
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
