use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::close_dropped::close_dropped;
use super::{Outbox, Packer};
use crate::channel::coop::poll_coop;
use crate::channel::link::Link;
use crate::channel::{
    MessageQueue, ReturnSlot, StreamMetadata, StreamObserver, StreamReport, StreamStats, WriteError,
};
use crate::codec::Compression;
use crate::transport::Address;
use crate::wire::{Abort, Direction, Frame, Header, StreamChannelRef, Text};

/// The writing end of a channel of bytes and messages.
///
/// It implements [`AsyncWrite`](tokio::io::AsyncWrite), for `tokio::io::copy` and tokio-util
/// codecs, and [`Sink`](futures::Sink) of [`Frame`]s. It connects on first use. Small writes are
/// joined into frames of 64 KiB. A frame is sent when it is full, on [`flush`](Self::flush), with a
/// message, and on [`close`](Self::close). If the reader is slower, writes wait.
///
/// The stream is complete only after [`close`](Self::close) (or `shutdown` of `AsyncWrite`) has
/// returned `Ok`. **Dropping** a writer that was used and not closed aborts the stream: the reader
/// gets an error, never a short stream that looks complete. Dropping an unused writer does nothing,
/// so its ref can be used elsewhere.
///
/// # Common issues
///
/// With both `SinkExt` and `AsyncWriteExt` in scope, some calls are ambiguous. `flush` and `close`
/// are inherent methods and never are. For the others, use a wrapper:
/// [`into_write`](Self::into_write) or [`into_sink`](Self::into_sink).
///
/// # Example
///
/// ```
/// # #[cfg(feature = "engine")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> pipewright::Result<()> {
/// let worker = pipewright::Worker::embedded().await?;
/// let channel = worker.create_channel(None).await?;
/// let (mut writer, mut reader) = (channel.writer, channel.reader);
///
/// writer.write("hello ").await?;
/// writer.write("world").await?;
/// writer.close().await?;
/// assert_eq!(reader.read_all().await?, "hello world");
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "engine"))]
/// # fn main() {}
/// ```
pub struct ChannelWriter {
    pub(super) outbox: Outbox,
    return_slot: Option<ReturnSlot<ChannelWriter>>,
}

impl ChannelWriter {
    /// Creates the writer for the channel of `channel_ref`, at the engine at `address`.
    ///
    /// Nothing is sent before the first use; an invalid ref fails then.
    pub fn new(address: &Address, channel_ref: &StreamChannelRef) -> Self {
        Self::over(Link::new(address, channel_ref, Direction::Write))
    }

    pub(crate) fn over(link: Link) -> Self {
        Self {
            outbox: Outbox::new(link),
            return_slot: None,
        }
    }

    /// Updates `stats`, and sends messages that are put into `message_queue`.
    pub(crate) fn attached(mut self, stats: Arc<StreamStats>, message_queue: MessageQueue) -> Self {
        self.outbox.attach(stats, message_queue);
        self
    }

    /// Removes the observers, for a channel without user data.
    pub(crate) fn unobserved(mut self) -> Self {
        self.outbox.observer = StreamObserver::default();
        self
    }

    /// When the writer is dropped, passes it to `return_slot` instead of aborting the stream.
    pub(crate) fn in_custody(mut self, return_slot: ReturnSlot<Self>) -> Self {
        self.return_slot = Some(return_slot);
        self
    }

    /// Omits the header and the end message, for a peer that expects only bytes and user messages.
    /// The reader cannot verify the stream. Has no effect after the first use.
    #[must_use]
    pub fn plain(mut self) -> Self {
        self.outbox.packer_mut().set_plain();
        self
    }

    /// Compresses the stream and names the algorithm in the header; pipewright readers decompress
    /// it automatically. Has no effect after the first use, or on a plain writer.
    ///
    /// Totals, checksum and reports count the compressed bytes. Flushed data can be decompressed by
    /// the reader, which reduces the compression ratio. Compression is not worthwhile for many
    /// small flushes.
    ///
    /// A build without the feature of the algorithm fails with [`WriteError::Compression`] at the
    /// first write.
    #[must_use]
    pub fn compressed(mut self, compression: Compression) -> Self {
        self.outbox.packer_mut().compress(compression);
        self
    }

    /// Puts metadata for the reader into the header. Has no effect after the first use, or on a
    /// plain writer.
    #[must_use]
    pub fn with_content(self, metadata: Value) -> Self {
        self.with_header(|header| header.content = Some(metadata))
    }

    /// Forwards the metadata of another stream, as known when the header is made, unless the user
    /// sets other metadata.
    pub(crate) fn forwarding(mut self, metadata: &StreamMetadata) -> Self {
        self.outbox.packer_mut().forward(metadata.clone());
        self
    }

    /// The polling version of [`flush`](Self::flush).
    ///
    /// # Errors
    ///
    /// The errors of [`flush`](Self::flush).
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        poll_coop(cx, |cx| self.outbox.poll_flush(cx))
    }

    /// The polling version of [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// The errors of [`close`](Self::close).
    pub fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        poll_coop(cx, |cx| self.outbox.poll_close(cx))
    }

    pub(crate) fn poll_abort(
        &mut self,
        cx: &mut Context<'_>,
        abort: &Abort,
    ) -> Poll<Result<(), WriteError>> {
        self.outbox.poll_abort(cx, abort)
    }

    /// Sets how long [`close`](Self::close) waits for the engine's confirmation, counted from the
    /// last frame that the engine sent; default: 30 s.
    ///
    /// The engine confirms when the reader has taken all data, which may take long. Each frame from
    /// the engine restarts the timeout, so a slow reader causes no error. A pipewright engine sends
    /// heartbeats at the interval of [`Address::heartbeat`]. An iii engine sends none, so the
    /// timeout bounds the whole wait. To bound the wait in any case, wrap `close` in
    /// `tokio::time::timeout`.
    #[must_use]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.outbox.set_close_timeout(timeout);
        self
    }

    pub(crate) fn with_header(mut self, set: impl FnOnce(&mut Header)) -> Self {
        if let Some(header) = self.outbox.packer_mut().header_mut() {
            set(header);
        }
        self
    }

    /// Settings that apply before the first use.
    pub(crate) fn packer_mut(&mut self) -> &mut Packer {
        self.outbox.packer_mut()
    }

    /// The heartbeat interval that its stream can promise.
    pub(crate) fn heartbeat(&self) -> Option<Duration> {
        self.outbox.heartbeat()
    }

    /// Returns the state machine, for a sender of items.
    pub(crate) fn into_outbox(mut self) -> Outbox {
        self.outbox.take()
    }

    /// Waits for one operation. A dropped operation no longer counts as waiting.
    async fn operate<R>(
        &mut self,
        mut poll: impl FnMut(&mut Outbox, &mut Context<'_>) -> Poll<R>,
    ) -> R {
        let operation = Operation(&mut self.outbox);
        poll_fn(|cx| poll_coop(cx, |cx| poll(operation.0, cx))).await
    }

    /// Accepts all of `data`, waiting for room.
    ///
    /// Chunks of 64 KiB are sent without being copied. The rest waits for more data or a
    /// [`flush`](Self::flush).
    ///
    /// # Errors
    ///
    /// Any [`WriteError`] except those about messages; `ReaderGone` if the reader has closed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. If the future is dropped before it is ready, none of `data` was accepted.
    pub async fn write(&mut self, data: impl Into<Bytes>) -> Result<(), WriteError> {
        let mut data = Some(data.into());
        self.operate(|outbox, cx| {
            ready!(outbox.poll_ready(cx))?;
            if let Some(data) = data.take() {
                outbox.push_data(data);
                outbox.drain_now(cx);
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Sends a message, in order with the data around it, and flushes.
    ///
    /// Messages carry metadata, progress and signals. They are limited to 16 MiB, and to 1 MiB if
    /// the reader may be a Python worker (`docs/protocol.md` section 4.2).
    ///
    /// # Errors
    ///
    /// `ReservedMessage` if readers would mistake it for a message of the stream protocol, and
    /// `MessageTooLong` above 16 MiB; the writer stays usable after these two. Otherwise any
    /// [`WriteError`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. If the future is dropped while it waits for room, the message was not accepted.
    /// If it is dropped while it flushes, the message was accepted, and the next operation sends
    /// it. A message is never sent twice or truncated.
    pub async fn send_message(&mut self, text: impl Into<Text>) -> Result<(), WriteError> {
        self.send_frame(Frame::Message(text.into())).await?;
        self.flush().await
    }

    /// Accepts a whole frame, waiting for room; does not flush.
    ///
    /// # Errors and cancel safety
    ///
    /// Same as [`write`](Self::write) and [`send_message`](Self::send_message).
    pub async fn send_frame(&mut self, frame: impl Into<Frame>) -> Result<(), WriteError> {
        match frame.into() {
            Frame::Data(bytes) => self.write(bytes).await,
            Frame::Message(text) => {
                self.operate(Outbox::poll_ready).await?;
                self.outbox.push_message(text)
            }
        }
    }

    /// Waits until everything accepted so far has been passed to the operating system.
    ///
    /// # Errors
    ///
    /// Any [`WriteError`] except those about messages.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the next operation sends what was not flushed.
    pub async fn flush(&mut self) -> Result<(), WriteError> {
        self.operate(Outbox::poll_flush).await
    }

    /// Ends the stream: flushes, sends the end message and waits for the engine's confirmation.
    ///
    /// A stream may be empty: a writer that wrote nothing connects now. After an error, the stream
    /// must be considered incomplete. Closing again does nothing.
    ///
    /// # Errors
    ///
    /// `Closed` if the stream was aborted, `ReaderGone` if the reader disconnected before the end,
    /// `CloseTimeout` if the engine does not confirm in time (see
    /// [`close_timeout`](Self::close_timeout)), or any other [`WriteError`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: call it again to continue. After the first poll, nothing more can be written. A
    /// writer that is dropped after that continues to end the stream in the background, as long as
    /// the engine sends frames.
    pub async fn close(&mut self) -> Result<(), WriteError> {
        self.operate(Outbox::poll_close).await
    }

    /// Ends the stream as failed; the reader gets `abort` as its error.
    ///
    /// Data that was not sent yet is dropped. A stream that is already closed stays closed.
    ///
    /// # Errors
    ///
    /// Any [`WriteError`]: the reader could not be notified and gets an error for a truncated
    /// stream.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: after the first poll, the stream will be aborted, at the latest when the writer
    /// is dropped.
    pub async fn abort(&mut self, abort: Abort) -> Result<(), WriteError> {
        self.operate(|outbox, cx| outbox.poll_abort(cx, &abort))
            .await
    }

    /// Connects and sends the header now instead of with the first write.
    ///
    /// # Errors
    ///
    /// Any [`WriteError`] except those about messages.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the next operation continues the attempt.
    pub async fn connect(&mut self) -> Result<(), WriteError> {
        self.flush().await
    }

    /// Opens the connection without sending anything, so that the header can still be changed.
    pub(crate) async fn open(&mut self) -> Result<(), WriteError> {
        poll_fn(|cx| self.outbox.poll_open(cx)).await
    }

    /// Waits until writing is no longer possible: the reader closed or the connection was lost.
    /// Returns the error that a write would return, on every call; `Closed` for a stream that was
    /// ended.
    ///
    /// While the stream is being ended, it waits for the result, like [`close`](Self::close).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn gone(&mut self) -> WriteError {
        self.operate(Outbox::poll_gone).await
    }

    /// Ready when writing is no longer possible; see [`gone`](Self::gone).
    pub fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<WriteError> {
        self.outbox.poll_gone(cx)
    }

    /// The traffic accepted so far, and how the stream ended.
    pub fn report(&self) -> StreamReport {
        self.outbox.report()
    }
}

/// An operation that a user waits for.
struct Operation<'a>(&'a mut Outbox);

impl Drop for Operation<'_> {
    fn drop(&mut self) {
        self.0.stop_waiting();
    }
}

impl Drop for ChannelWriter {
    fn drop(&mut self) {
        if let Some(return_slot) = self.return_slot.take() {
            return_slot.give(Self {
                outbox: self.outbox.take(),
                return_slot: None,
            });
        } else if self.outbox.is_unfinished() {
            close_dropped(self.outbox.take(), Abort::dropped());
        }
    }
}

impl fmt::Debug for ChannelWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChannelWriter")
            .field("report", &self.report())
            .finish_non_exhaustive()
    }
}
