use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::Outbox;
use super::farewell::say_farewell;
use crate::channel::coop::poll_coop;
use crate::channel::link::Link;
use crate::channel::{Aside, Custody, Meter, Observed, StreamReport, WriteError};
use crate::codec::Compression;
use crate::transport::Address;
use crate::wire::{Abort, Direction, Frame, Header, StreamChannelRef, Text};

/// The end of a channel that bytes and messages go into.
///
/// It is an [`AsyncWrite`](tokio::io::AsyncWrite), so `tokio::io::copy` and tokio-util codecs
/// write to it, and a [`Sink`](futures::Sink) of [`Frame`]s. It connects when it is first used.
/// Small writes are joined into frames of 64 KiB, which go out when they are full, on
/// [`flush`](Self::flush), with a message, and on [`close`](Self::close). The writer is held back
/// when the reader is slower: a write then waits.
///
/// The stream is whole only after [`close`](Self::close) (or `shutdown` of `AsyncWrite`) has
/// returned `Ok`. **Dropping** a writer that was used and not closed aborts the stream: the reader
/// gets an error, never a short stream that looks complete. Dropping one that was never used does
/// nothing, so its ref can be used elsewhere.
///
/// # Common issues
///
/// With both `SinkExt` and `AsyncWriteExt` in scope some calls are ambiguous. `flush` and `close`
/// are inherent, so they never are; for the others take a view by value,
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
    custody: Option<Custody<ChannelWriter>>,
}

impl ChannelWriter {
    /// The writer's end of the channel that `channel_ref` names, at the engine at `address`.
    ///
    /// Nothing is sent before the first use; a ref that is wrong fails then.
    pub fn new(address: &Address, channel_ref: &StreamChannelRef) -> Self {
        Self::over(Link::new(address, channel_ref, Direction::Write))
    }

    pub(crate) fn over(link: Link) -> Self {
        Self {
            outbox: Outbox::new(link),
            custody: None,
        }
    }

    /// Keeps `meter` up to date, and sends what is put into `aside`.
    pub(crate) fn attached(mut self, meter: Arc<Meter>, aside: Aside) -> Self {
        self.outbox.attach(meter, aside);
        self
    }

    /// Has nobody look on: nothing of a user's passes here.
    pub(crate) fn unobserved(mut self) -> Self {
        self.outbox.observed = Observed::default();
        self
    }

    /// Gives the writer to `custody` when it is dropped, instead of aborting the stream.
    pub(crate) fn in_custody(mut self, custody: Custody<Self>) -> Self {
        self.custody = Some(custody);
        self
    }

    /// Leaves out header and end, for a peer that must see nothing but bytes and the user's own
    /// messages. Its reader cannot verify the stream. Without effect once the writer was used.
    #[must_use]
    pub fn plain(mut self) -> Self {
        self.outbox.packer_mut().set_plain();
        self
    }

    /// Compresses the stream, and says so in the header; readers of pipewright undo it by
    /// themselves. Without effect once the writer was used, and on a plain writer.
    ///
    /// Totals, checksum and reports count the bytes as they travel. What was flushed can be
    /// decompressed by the other side, which costs some compression; a stream of many small
    /// flushes is not worth it.
    ///
    /// A build without the feature of the algorithm fails with
    /// [`WriteError::Compression`] at the first write.
    #[must_use]
    pub fn compressed(mut self, compression: Compression) -> Self {
        self.outbox.packer_mut().compress(compression);
        self
    }

    /// Puts the user's own metadata into the header. Without effect once the writer was used, and
    /// on a plain writer.
    #[must_use]
    pub fn with_content(self, content: Value) -> Self {
        self.with_header(|header| header.content = Some(content))
    }

    /// Passes the metadata of another stream on.
    pub(crate) fn with_metadata(self, metadata: Option<&Value>) -> Self {
        match metadata {
            Some(metadata) => self.with_content(metadata.clone()),
            None => self,
        }
    }

    /// Ready when [`flush`](Self::flush) is.
    ///
    /// # Errors
    ///
    /// As for [`flush`](Self::flush).
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        poll_coop(cx, |cx| self.outbox.poll_flush(cx))
    }

    /// Ready when [`close`](Self::close) is.
    ///
    /// # Errors
    ///
    /// As for [`close`](Self::close).
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

    /// How long [`close`](Self::close) waits for the engine to confirm without a sign of life of
    /// it; the default is 30 seconds.
    ///
    /// The engine confirms when it has taken everything, which takes as long as a slow reader
    /// does. Each sign of life begins the timeout anew, so that a slow reader costs no data: an
    /// engine of pipewright gives one as often as [`Address::heartbeat`] says. An iii engine gives
    /// none; it has this long in all. To bound the whole wait, wrap `close` in
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

    /// How often its stream can promise a sign of life.
    pub(crate) fn heartbeat(&self) -> Option<Duration> {
        self.outbox.heartbeat()
    }

    /// The state machine alone, for a sender of items.
    pub(crate) fn into_outbox(mut self) -> Outbox {
        self.outbox.take()
    }

    /// Waits for one operation. One that is dropped does not count as waiting any more.
    async fn operate<R>(
        &mut self,
        mut poll: impl FnMut(&mut Outbox, &mut Context<'_>) -> Poll<R>,
    ) -> R {
        let operation = Operation(&mut self.outbox);
        poll_fn(|cx| poll_coop(cx, |cx| poll(operation.0, cx))).await
    }

    /// Accepts `data` whole, waiting until the writer has room.
    ///
    /// Pieces of 64 KiB go out without being copied; the rest waits for more, or for
    /// [`flush`](Self::flush).
    ///
    /// # Errors
    ///
    /// Any [`WriteError`] but those about messages. `ReaderGone` when the reader has gone away.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Dropped before it is ready, nothing of `data` was accepted; it never accepts
    /// a part.
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
    /// Messages are for metadata, progress and signals: at most 16 MiB, and 1 MiB if the reader
    /// may be a Python worker (`docs/protocol.md` section 4.2).
    ///
    /// # Errors
    ///
    /// `ReservedMessage` if readers would take it for one of the stream protocol,
    /// `MessageTooLong` over 16 MiB; the writer goes on after these two. Otherwise any
    /// [`WriteError`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe. Dropped while it waits for room the message was not accepted; dropped while
    /// it flushes it was, and goes out with the next operation. It is never sent twice or cut.
    pub async fn send_message(&mut self, text: impl Into<Text>) -> Result<(), WriteError> {
        self.send_frame(Frame::Message(text.into())).await?;
        self.flush().await
    }

    /// Accepts a frame whole, waiting until the writer has room; does not flush.
    ///
    /// # Errors and cancel safety
    ///
    /// As for [`write`](Self::write) and [`send_message`](Self::send_message).
    pub async fn send_frame(&mut self, frame: impl Into<Frame>) -> Result<(), WriteError> {
        match frame.into() {
            Frame::Data(bytes) => self.write(bytes).await,
            Frame::Message(text) => {
                self.operate(Outbox::poll_ready).await?;
                self.outbox.push_message(text)
            }
        }
    }

    /// Waits until everything accepted so far is with the operating system.
    ///
    /// # Errors
    ///
    /// Any [`WriteError`] but those about messages.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was not flushed stays and goes out with the next operation.
    pub async fn flush(&mut self) -> Result<(), WriteError> {
        self.operate(Outbox::poll_flush).await
    }

    /// Ends the stream: flushes, sends the end message and waits until the engine has confirmed.
    ///
    /// An empty stream is a stream: a writer that wrote nothing connects for this. After an error
    /// the stream is not known to be whole. Closing a second time does nothing.
    ///
    /// # Errors
    ///
    /// `Closed` if it was aborted, `ReaderGone` when the reader left before the end,
    /// `CloseTimeout` when the engine does not confirm in time (see
    /// [`close_timeout`](Self::close_timeout)), or any [`WriteError`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: call it again to go on. Once polled nothing more can be written; a writer that
    /// is then dropped goes on to end the stream in the background, as long as the engine gives
    /// signs of life.
    pub async fn close(&mut self) -> Result<(), WriteError> {
        self.operate(Outbox::poll_close).await
    }

    /// Ends the stream as failed; the reader gets `abort` as its error.
    ///
    /// Data that was not sent yet is dropped. A stream that was closed before stays closed.
    ///
    /// # Errors
    ///
    /// Any [`WriteError`]: the reader could not be told, and finds the stream truncated.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: once polled the stream is aborted, at the latest when the writer is dropped.
    pub async fn abort(&mut self, abort: Abort) -> Result<(), WriteError> {
        self.operate(|outbox, cx| outbox.poll_abort(cx, &abort))
            .await
    }

    /// Connects now instead of with the first write, and sends the header.
    ///
    /// # Errors
    ///
    /// Any [`WriteError`] but those about messages.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the attempt goes on with the next operation.
    pub async fn connect(&mut self) -> Result<(), WriteError> {
        self.flush().await
    }

    /// Opens the connection and sends nothing, so that the header can still be changed.
    pub(crate) async fn open(&mut self) -> Result<(), WriteError> {
        poll_fn(|cx| self.outbox.poll_open(cx)).await
    }

    /// Waits until there is no use in writing: the reader went away, or the connection did. Gives
    /// the error that a write would give, each time; `Closed` for a stream that was ended.
    ///
    /// While the stream is being ended this waits for how that ends, as
    /// [`close`](Self::close) does.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn gone(&mut self) -> WriteError {
        self.operate(Outbox::poll_gone).await
    }

    /// Ready when there is no use in writing; see [`gone`](Self::gone).
    pub fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<WriteError> {
        self.outbox.poll_gone(cx)
    }

    /// What was accepted so far, and how the stream ended.
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
        if let Some(custody) = self.custody.take() {
            custody.give(Self {
                outbox: self.outbox.take(),
                custody: None,
            });
        } else if self.outbox.is_unfinished() {
            say_farewell(self.outbox.take(), Abort::dropped());
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
