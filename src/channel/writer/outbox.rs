use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::Sleep;

use super::news::poll_news;
use super::packer::Packer;
use crate::channel::link::Link;
use crate::channel::waits::Waits;
use crate::channel::{Aside, Meter, Observed, ReadError, StreamReport, Verdict, WriteError};
use crate::transport::Received;
use crate::wire::{Abort, Close, InBand, Text, code};

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
    packer: Packer,
    /// Why the stream was aborted; `Closed` then means that the reader has been told.
    aborted: Option<Abort>,
    waits: Waits,
    close_timeout: Duration,
    pub(super) observed: Observed,
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
            observed: Observed::of(&link),
            link,
            phase: Phase::Open,
            packer: Packer::new(),
            aborted: None,
            waits: Waits::default(),
            // The longest that an SDK waits for a peer's close (`protocol.md` 4.4).
            close_timeout: Duration::from_secs(30),
        }
    }

    /// What is set before the first use.
    pub(super) fn packer_mut(&mut self) -> &mut Packer {
        &mut self.packer
    }

    /// Keeps `meter` up to date, and sends what is put into `aside`.
    pub(crate) fn attach(&mut self, meter: Arc<Meter>, aside: Aside) {
        self.waits.show(Arc::clone(&meter));
        self.observed.show(meter);
        self.packer.set_aside(aside);
    }

    pub(crate) fn set_close_timeout(&mut self, timeout: Duration) {
        self.close_timeout = timeout;
    }

    /// Waits until everything accepted so far but the tail has been taken by the connection.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        match &self.phase {
            Phase::Open => {
                self.packer.check()?;
                if self.packer.has_frames() {
                    self.poll_drain(cx)
                } else {
                    Poll::Ready(Ok(()))
                }
            }
            Phase::Failed(error) => Poll::Ready(Err(error.clone())),
            _ => Poll::Ready(Err(WriteError::Closed)),
        }
    }

    /// Accepts payload bytes. To follow a `poll_ready` that was ready.
    pub(crate) fn push_data(&mut self, data: Bytes) {
        self.packer.data(data);
        self.observe();
    }

    /// Copies as much of `data` as the frame being filled has room for. To follow a `poll_ready`
    /// that was ready.
    pub(crate) fn fill_tail(&mut self, data: &[u8]) -> usize {
        let taken = self.packer.fill_tail(data);
        self.observe();
        taken
    }

    /// Accepts the item that `encode` appends, or nothing if it fails. To follow a `poll_ready`
    /// that was ready.
    pub(crate) fn push_item<E>(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        self.packer.item(encode)?;
        self.observe();
        Ok(())
    }

    /// Accepts a message of the user.
    pub(crate) fn push_message(&mut self, text: Text) -> Result<(), WriteError> {
        self.packer.message(text)
    }

    /// Accepts a message of the stream protocol; a plain stream has none.
    pub(crate) fn push_in_band(&mut self, message: &InBand) {
        self.packer.in_band(message);
    }

    /// Sends full frames as far as the connection takes them, without waiting to be asked.
    pub(crate) fn drain_now(&mut self, cx: &mut Context<'_>) {
        if matches!(self.phase, Phase::Open)
            && self.packer.has_frames()
            && matches!(self.poll_drain(cx), Poll::Ready(Ok(())))
        {
            // A failure, here or above, is kept and comes back from the next call that reports.
            let _ = self.poll_flush_link(cx);
        }
    }

    /// Waits until everything accepted so far is with the operating system.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        match &self.phase {
            Phase::Open => {
                self.packer.flush();
                self.observe();
            }
            Phase::Failed(error) => return Poll::Ready(Err(error.clone())),
            _ if self.aborted.is_some() => return Poll::Ready(Err(WriteError::Closed)),
            // Who closes may flush before each attempt, as tokio-util's `FramedWrite` does.
            Phase::Ending(_) => {}
            Phase::Closing(_) | Phase::Closed => return Poll::Ready(Ok(())),
        }
        self.packer.check()?;
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

    pub(crate) fn heartbeat(&self) -> Option<Duration> {
        self.link.heartbeat()
    }

    /// What was accepted and not handed to the connection.
    pub(crate) fn packer(&self) -> &Packer {
        &self.packer
    }

    /// Whether the next item can be accepted without waiting.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.phase, Phase::Open)
            && !self.packer.has_frames()
            && self.packer.check().is_ok()
    }

    /// Waits until the stream is ended and the peer has confirmed it.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        if matches!(self.phase, Phase::Open) {
            self.packer.check()?;
            self.packer.end();
            self.packer.check()?;
            self.observe();
            self.phase = Phase::Ending(Close::NORMAL);
        }
        if self.aborted.is_some() {
            return Poll::Ready(Err(WriteError::Closed));
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
            self.packer.abort(abort);
            self.aborted = Some(abort.clone());
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
                        self.waits.begin();
                        return Poll::Pending;
                    }
                    self.waits.end();
                    self.link.hang_up();
                    self.phase = match confirmed {
                        Poll::Ready(Ok(())) => Phase::Closed,
                        Poll::Ready(Err(error)) => Phase::Failed(error),
                        Poll::Pending => Phase::Failed(WriteError::CloseTimeout {
                            after: self.close_timeout,
                        }),
                    };
                    self.observed.update(self.report());
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
        self.packer.begin();
        while self.packer.has_frames() {
            ready!(link.poll_ready(cx))?;
            if let Some(frame) = self.packer.pop() {
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
        self.packer.clear();
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

    /// Tells whoever looks on when there are new frames.
    fn observe(&mut self) {
        if self.packer.has_frames() {
            let report = self.report();
            self.observed.update(report);
        }
    }

    pub(crate) fn report(&self) -> StreamReport {
        StreamReport {
            bytes: self.packer.bytes(),
            items: self.packer.items(),
            messages: self.packer.messages(),
            waited: self.waits.total(),
            verdict: self.verdict(),
        }
    }

    fn verdict(&self) -> Option<Verdict> {
        match (&self.phase, &self.aborted) {
            (_, Some(abort)) => Some(Verdict::Failed(ReadError::Aborted(abort.clone()))),
            (Phase::Closed, None) if self.packer.is_plain() => Some(Verdict::CompleteUnverified),
            (Phase::Closed, None) => Some(Verdict::Complete),
            _ => None,
        }
    }

    /// Whether the reader has to be told, should this end be given up now.
    pub(crate) fn is_unfinished(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Ending(_))
            && (self.link.is_used() || !self.packer.is_empty() || self.packer.check().is_err())
    }

    /// Everything of this outbox, leaving one that is closed.
    pub(crate) fn take(&mut self) -> Self {
        let mut closed = Self::new(Link::Gone);
        closed.phase = Phase::Closed;
        std::mem::replace(self, closed)
    }
}
