use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::Sleep;

use crate::channel::link::Link;
use crate::channel::totals::Totals;
use crate::channel::waits::Waits;
use crate::channel::{Aside, Meter, Remark, StreamReport, Verdict, WriteError};
use crate::transport::{Received, Transport};
use crate::wire::{Abort, Close, Frame, Header, InBand, MAX_FRAME, Text, code};

/// The longest message that is sent; what an engine takes in one frame (`protocol.md` 4.2).
const MAX_MESSAGE: usize = 16 << 20;

/// Bytes and messages on their way to the connection, in order, and the end of the stream.
///
/// | phase | left by | to |
/// |---|---|---|
/// | `Open` | `poll_close`: the rest and the end message are queued | `Ending` |
/// | `Open` | `poll_abort`: the abort message is queued, the rest dropped | `Ending` |
/// | `Ending` | everything is sent, the close frame is queued | `Closing` |
/// | `Closing` | the peer closes, or the deadline passes | `Closed`, `Failed` |
/// | any | the connection breaks, the reader goes | `Failed` |
///
/// Nothing is lost by dropping a future: what was accepted is here, and each poll goes on where
/// the last one stopped.
pub(crate) struct Outbox {
    link: Link,
    phase: Phase,
    /// Sent as the first frame; `None` for a plain writer, and once it is queued.
    header: Option<Header>,
    /// No header, no end: in-band messages are left out.
    plain: bool,
    /// The frame being filled, shorter than [`MAX_FRAME`].
    tail: BytesMut,
    /// Frames before the tail. Bounded by what one call accepts: `poll_ready` waits until it is
    /// empty.
    frames: VecDeque<Frame>,
    totals: Totals,
    messages: u64,
    waits: Waits,
    close_timeout: Duration,
    meter: Option<Arc<Meter>>,
    /// Messages that others want to go out with what is written here.
    aside: Option<Aside>,
}

enum Phase {
    Open,
    Ending(Close),
    Closing(Pin<Box<Sleep>>),
    Closed,
    Failed(WriteError),
}

impl Outbox {
    pub(crate) fn new(link: Link) -> Self {
        Self {
            link,
            phase: Phase::Open,
            header: Some(Header::new(Header::BYTES)),
            plain: false,
            tail: BytesMut::new(),
            frames: VecDeque::new(),
            totals: Totals::default(),
            messages: 0,
            waits: Waits::default(),
            // The longest that an SDK waits for a peer's close (`protocol.md` 4.4).
            close_timeout: Duration::from_secs(30),
            meter: None,
            aside: None,
        }
    }

    pub(crate) fn set_plain(&mut self) {
        self.plain = true;
        self.header = None;
    }

    /// Keeps `meter` up to date, and sends what is put into `aside`.
    pub(crate) fn attach(&mut self, meter: Arc<Meter>, aside: Aside) {
        self.meter = Some(meter);
        self.aside = Some(aside);
    }

    /// The header, until it is sent.
    pub(crate) fn header_mut(&mut self) -> Option<&mut Header> {
        self.header.as_mut()
    }

    pub(crate) fn set_close_timeout(&mut self, timeout: Duration) {
        self.close_timeout = timeout;
    }

    /// Waits until everything accepted so far but the tail has been taken by the connection.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        match &self.phase {
            Phase::Open if self.frames.is_empty() => Poll::Ready(Ok(())),
            Phase::Open => self.poll_drain(cx),
            Phase::Failed(error) => Poll::Ready(Err(error.clone())),
            _ => Poll::Ready(Err(WriteError::Closed)),
        }
    }

    /// Accepts payload bytes. To follow a `poll_ready` that was ready.
    pub(crate) fn push_data(&mut self, mut data: Bytes) {
        self.queue_aside();
        while !data.is_empty() {
            if self.tail.is_empty() && data.len() >= MAX_FRAME {
                let frame = data.split_to(MAX_FRAME);
                self.queue_data(frame);
            } else {
                let taken = self.fill_tail(&data);
                data = data.split_off(taken);
            }
        }
    }

    /// Copies as much of `data` as the frame being filled has room for.
    pub(crate) fn fill_tail(&mut self, data: &[u8]) -> usize {
        self.queue_aside();
        let taken = data.len().min(MAX_FRAME - self.tail.len());
        self.tail.extend_from_slice(&data[..taken]);
        if self.tail.len() == MAX_FRAME {
            self.queue_tail();
        }
        taken
    }

    /// Accepts what `encode` appends to the frame being filled: one item, or nothing if it fails.
    ///
    /// Frames end where items end, as long as an item is not longer than a frame, so that a
    /// receiver finds whole items in each and copies nothing.
    pub(crate) fn push_item<E>(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        self.queue_aside();
        if self.tail.capacity() == self.tail.len() {
            self.tail.reserve(MAX_FRAME);
        }
        let start = self.tail.len();
        if let Err(error) = encode(&mut self.tail) {
            self.tail.truncate(start);
            return Err(error);
        }
        self.totals.items += 1;
        if start > 0 && self.tail.len() > MAX_FRAME {
            let frame = self.tail.split_to(start).freeze();
            self.queue_data(frame);
        }
        while self.tail.len() >= MAX_FRAME {
            let frame = self.tail.split_to(MAX_FRAME).freeze();
            self.queue_data(frame);
        }
        Ok(())
    }

    /// Accepts a message of the user.
    pub(crate) fn push_message(&mut self, text: Text) -> Result<(), WriteError> {
        if text.len() > MAX_MESSAGE {
            return Err(WriteError::MessageTooLong {
                size: text.len(),
                limit: MAX_MESSAGE,
            });
        }
        if InBand::parse(&text).is_some() {
            return Err(WriteError::ReservedMessage);
        }
        self.messages += 1;
        self.queue_message(text);
        Ok(())
    }

    /// Queues a message of the stream protocol; a plain stream has none.
    pub(crate) fn push_in_band(&mut self, message: &InBand) {
        if !self.plain {
            self.queue_message(message.encode());
        }
    }

    fn queue_message(&mut self, text: Text) {
        self.queue_tail();
        self.frames.push_back(Frame::Message(text));
    }

    /// Queues what came aside, before what is accepted next.
    fn queue_aside(&mut self) {
        while let Some(remark) = self.aside.as_ref().and_then(Aside::pop) {
            match remark {
                Remark::Message(text) => {
                    self.messages += 1;
                    self.queue_message(text);
                }
                Remark::Progress(progress) => self.push_in_band(&InBand::Progress(progress)),
            }
        }
    }

    fn queue_tail(&mut self) {
        if !self.tail.is_empty() {
            let frame = self.tail.split().freeze();
            self.queue_data(frame);
        }
    }

    fn queue_data(&mut self, frame: Bytes) {
        self.totals.add(&frame);
        self.frames.push_back(Frame::Data(frame));
        if let Some(meter) = &self.meter {
            meter.set(&self.report());
        }
    }

    /// Sends full frames as far as the connection takes them, without waiting to be asked.
    pub(crate) fn drain_now(&mut self, cx: &mut Context<'_>) {
        if matches!(self.phase, Phase::Open)
            && !self.frames.is_empty()
            && matches!(self.poll_drain(cx), Poll::Ready(Ok(())))
        {
            // A failure, here or above, is kept and comes back from the next call that reports.
            let _ = self.poll_flush_link(cx);
        }
    }

    /// Waits until everything accepted so far is with the operating system.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        match &self.phase {
            Phase::Open => {}
            Phase::Closed => return Poll::Ready(Ok(())),
            Phase::Failed(error) => return Poll::Ready(Err(error.clone())),
            Phase::Ending(_) | Phase::Closing(_) => {
                return Poll::Ready(Err(WriteError::Closed));
            }
        }
        self.queue_aside();
        self.queue_tail();
        ready!(self.poll_drain(cx))?;
        self.poll_flush_link(cx)
    }

    /// Flushes for a writer that pauses: the frame being filled stays as long as the connection
    /// could not take it anyway, so that it may still become a full one.
    pub(crate) fn poll_flush_idle(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        if let Phase::Open = self.phase {
            ready!(self.poll_drain(cx))?;
            if let Some(link) = self.link.open() {
                match ready!(link.poll_ready(cx)) {
                    Ok(()) => {}
                    Err(error) => return Poll::Ready(Err(self.fail(cx, error.into()))),
                }
            }
        }
        self.poll_flush(cx)
    }

    /// Whether the next item can be accepted without waiting.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Open) && self.frames.is_empty()
    }

    /// Waits until the stream is ended and the peer has confirmed it.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        if matches!(self.phase, Phase::Open) {
            self.queue_aside();
            self.queue_tail();
            if let Some(meter) = &self.meter {
                meter.set(&self.report());
            }
            self.push_in_band(&InBand::End(self.totals.end()));
            self.phase = Phase::Ending(Close::NORMAL);
        }
        self.poll_end(cx)
    }

    /// Waits until the reader has been told that the stream failed.
    ///
    /// What was not handed to the connection before is dropped. A writer whose end is on its way
    /// is not aborted any more.
    pub(crate) fn poll_abort(
        &mut self,
        cx: &mut Context<'_>,
        abort: &Abort,
    ) -> Poll<Result<(), WriteError>> {
        if matches!(self.phase, Phase::Open) {
            self.tail.clear();
            self.frames.clear();
            self.push_in_band(&InBand::Abort(abort.clone()));
            self.phase = Phase::Ending(Close::new(code::ABORTED, "channel writer aborted"));
        }
        self.poll_end(cx)
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        loop {
            match &mut self.phase {
                Phase::Open | Phase::Closed => return Poll::Ready(Ok(())),
                Phase::Failed(error) => return Poll::Ready(Err(error.clone())),
                Phase::Ending(close) => {
                    let close = close.clone();
                    ready!(self.poll_drain(cx))?;
                    ready!(self.poll_flush_link(cx))?;
                    if let Some(link) = self.link.open()
                        && let Err(error) = link.start_close(close)
                    {
                        return Poll::Ready(Err(self.fail(cx, error.into())));
                    }
                    let deadline = tokio::time::sleep(self.close_timeout);
                    self.phase = Phase::Closing(Box::pin(deadline));
                }
                Phase::Closing(deadline) => {
                    let expired = deadline.as_mut().poll(cx).is_ready();
                    let confirmed = self.poll_confirmation(cx);
                    if confirmed.is_pending() && !expired {
                        return Poll::Pending;
                    }
                    self.link.hang_up();
                    self.phase = match confirmed {
                        Poll::Ready(Ok(())) => Phase::Closed,
                        Poll::Ready(Err(error)) => Phase::Failed(error),
                        Poll::Pending => Phase::Failed(WriteError::CloseTimeout {
                            after: self.close_timeout,
                        }),
                    };
                }
            }
        }
    }

    /// Waits for the peer's close frame, the answer to ours.
    fn poll_confirmation(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        let Some(link) = self.link.open() else {
            return Poll::Ready(Ok(()));
        };
        // A peer that has closed already makes this fail, and `poll_receive` tells how.
        let _ = link.poll_flush(cx);
        loop {
            return match ready!(link.poll_receive(cx)) {
                Received::Frame(_) | Received::Pong => continue,
                Received::Closed(close) if close == Close::READER_GONE => {
                    Poll::Ready(Err(WriteError::ReaderGone))
                }
                Received::Closed(_) => Poll::Ready(Ok(())),
                Received::Lost(error) => Poll::Ready(Err(error.into())),
            };
        }
    }

    /// Opens the connection if need be and hands it every queued frame.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        let drained = self.poll_drain_inner(cx);
        match drained {
            Poll::Pending => self.waits.begin(),
            Poll::Ready(_) => self.waits.end(),
        }
        match ready!(drained) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(self.fail(cx, error))),
        }
    }

    fn poll_drain_inner(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        let link = ready!(self.link.poll_open(cx))?;
        // A writer has nothing to read but the news that it may stop.
        match poll_news(link, cx) {
            Poll::Ready(error) => return Poll::Ready(Err(error)),
            Poll::Pending => {}
        }
        if let Some(header) = self.header.take() {
            self.frames
                .push_front(InBand::Header(header).encode().into());
        }
        while !self.frames.is_empty() {
            ready!(link.poll_ready(cx))?;
            if let Some(frame) = self.frames.pop_front() {
                link.start_send(frame)?;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_flush_link(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        let Some(link) = self.link.open() else {
            return Poll::Ready(Ok(()));
        };
        match link.poll_flush(cx) {
            Poll::Pending => {
                self.waits.begin();
                // Registers for the news of a reader that goes while the writer waits for room.
                match poll_news(link, cx) {
                    Poll::Ready(error) => Poll::Ready(Err(self.fail(cx, error))),
                    Poll::Pending => Poll::Pending,
                }
            }
            Poll::Ready(flushed) => {
                self.waits.end();
                Poll::Ready(flushed.map_err(|error| self.fail(cx, error.into())))
            }
        }
    }

    /// Keeps `error` for every later call, unless the peer had said why before.
    fn fail(&mut self, cx: &mut Context<'_>, error: WriteError) -> WriteError {
        let mut error = error;
        if let (WriteError::Lost(_), Some(link)) = (&error, self.link.open())
            && let Poll::Ready(told @ (WriteError::ReaderGone | WriteError::Ended { .. })) =
                poll_news(link, cx)
        {
            error = told;
        }
        self.link.hang_up();
        self.frames.clear();
        self.tail.clear();
        self.phase = Phase::Failed(error.clone());
        error
    }

    /// Ready with the reader's or the engine's word that the stream is over.
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<WriteError> {
        if let Phase::Failed(error) = &self.phase {
            return Poll::Ready(error.clone());
        }
        match ready!(self.link.poll_open(cx)) {
            Err(error) => Poll::Ready(self.fail(cx, error.into())),
            Ok(link) => {
                let error = ready!(poll_news(link, cx));
                Poll::Ready(self.fail(cx, error))
            }
        }
    }

    pub(crate) fn report(&self) -> StreamReport {
        StreamReport {
            bytes: self.totals.bytes + self.tail.len() as u64,
            items: self.totals.items,
            messages: self.messages,
            waited: self.waits.total(),
            verdict: matches!(self.phase, Phase::Closed).then_some(if self.plain {
                Verdict::CompleteUnverified
            } else {
                Verdict::Complete
            }),
        }
    }

    /// Whether the reader has to be told, should this end be given up now.
    pub(crate) fn is_unfinished(&self) -> bool {
        let accepted = !self.frames.is_empty() || !self.tail.is_empty();
        matches!(self.phase, Phase::Open | Phase::Ending(_)) && (self.link.is_used() || accepted)
    }

    /// Everything of this outbox, leaving one that is closed.
    pub(crate) fn take(&mut self) -> Self {
        let mut closed = Self::new(Link::Gone);
        closed.phase = Phase::Closed;
        std::mem::replace(self, closed)
    }
}

/// Ready when the peer says that there is no use in writing more.
fn poll_news(link: &mut dyn Transport, cx: &mut Context<'_>) -> Poll<WriteError> {
    loop {
        return match ready!(link.poll_receive(cx)) {
            Received::Frame(_) | Received::Pong => continue,
            Received::Closed(close) => Poll::Ready(WriteError::from_close(&close)),
            Received::Lost(error) => Poll::Ready(error.into()),
        };
    }
}
