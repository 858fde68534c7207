use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::connection::{Connection, LEAVE};
use super::decompressor::StreamDecompressor;
use super::listeners::Listeners;
use super::pass_through::PassThrough;
use super::read_buffer::ReadBuffer;
use crate::channel::coop::poll_coop;
use crate::channel::link::Link;
use crate::channel::stats::wait_timer::WaitTimer;
use crate::channel::verifier::{Event, StreamVerifier};
use crate::channel::{
    MessageQueue, ReadError, StreamObserver, StreamReport, StreamStats, Verdict, WriterWatch,
};
use crate::transport::Received;
use crate::wire::{Close, Frame, Header};

/// Received data that was not taken yet, and the verdict on the stream.
///
/// All reading methods and traits are thin wrappers around [`poll_event`](Self::poll_event).
/// Received data stays here until it is taken, so dropping a future loses nothing.
pub(crate) struct Inbox {
    pub(super) connection: Connection,
    verifier: StreamVerifier,
    listeners: Listeners,
    /// Received payload that is returned before anything else.
    rest: ReadBuffer,
    /// Events received while looking for a header: at most one progress message and the event after
    /// it.
    peeked: VecDeque<Event>,
    wait_timer: WaitTimer,
    /// Decompresses the stream if the header names a compression.
    decompressor: Option<StreamDecompressor>,
    pub(super) observer: StreamObserver,
    pass_through: PassThrough,
}

impl Inbox {
    pub(crate) fn new(link: Link) -> Self {
        Self {
            observer: StreamObserver::of(&link),
            connection: Connection::new(link),
            verifier: StreamVerifier::new(),
            listeners: Listeners::default(),
            rest: ReadBuffer::default(),
            peeked: VecDeque::new(),
            wait_timer: WaitTimer::default(),
            decompressor: None,
            pass_through: PassThrough::default(),
        }
    }

    pub(crate) fn expect_header(&mut self) {
        self.verifier.expect_header();
    }

    /// Updates `stats`, and puts messages and progress into `message_queue`.
    pub(crate) fn attach(&mut self, stats: Arc<StreamStats>, message_queue: MessageQueue) {
        self.attach_meter(stats);
        self.pass_through = PassThrough::to(message_queue);
    }

    /// Monitors the stage that writes the stream.
    pub(crate) fn watch_writer(&mut self, writer: WriterWatch) {
        self.connection.watch_writer(writer);
    }

    /// Updates `stats`.
    pub(crate) fn attach_meter(&mut self, stats: Arc<StreamStats>) {
        self.wait_timer.show(Arc::clone(&stats));
        self.observer.show(stats);
    }

    /// Leaves messages and progress to user code.
    pub(crate) fn keep_messages(&mut self) {
        self.pass_through.keep_messages();
    }

    /// Leaves everything that would be forwarded to the caller that takes the events.
    pub(crate) fn keep_all(&mut self) {
        self.pass_through = PassThrough::default();
    }

    pub(crate) fn listeners(&mut self) -> &mut Listeners {
        &mut self.listeners
    }

    /// Returns the next event, or `None` at the end of a complete stream. A failure is returned by
    /// every later call.
    pub(crate) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Event>, ReadError>> {
        match self.rest.pop() {
            Some(bytes) => Poll::Ready(Ok(Some(Event::Data(bytes)))),
            None => poll_coop(cx, |cx| self.poll_next(cx)),
        }
    }

    /// Returns the next event after the buffered payload.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, ReadError>> {
        loop {
            // A message is passed to its listeners immediately, so wait for their queue first.
            ready!(self.listeners.poll_ready(cx));
            let event = match self.peeked.pop_front() {
                Some(event) => Some(event),
                None => ready!(self.poll_receive(cx))?,
            };
            match &event {
                Some(Event::Message(text)) => {
                    self.listeners.message(text);
                    self.pass_through.message(text);
                }
                Some(Event::Progress(progress)) => {
                    self.listeners.progress(progress);
                    self.pass_through.progress(progress);
                }
                Some(Event::Turn(turn)) if self.pass_through.turn(*turn) => continue,
                Some(Event::Turn(_) | Event::Data(_)) | None => {}
            }
            return Poll::Ready(Ok(event));
        }
    }

    /// Returns the next frame. Progress goes only to its listeners.
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Frame>, ReadError>> {
        loop {
            return Poll::Ready(Ok(match ready!(self.poll_event(cx))? {
                Some(Event::Progress(_) | Event::Turn(_)) => continue,
                Some(Event::Data(bytes)) => Some(Frame::Data(bytes)),
                Some(Event::Message(text)) => Some(Frame::Message(text)),
                None => None,
            }));
        }
    }

    /// Returns the next payload bytes. Messages and progress go only to their listeners.
    pub(crate) fn poll_bytes(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, ReadError>> {
        loop {
            return Poll::Ready(Ok(match ready!(self.poll_event(cx))? {
                Some(Event::Data(bytes)) => Some(bytes),
                Some(Event::Message(_) | Event::Progress(_) | Event::Turn(_)) => continue,
                None => None,
            }));
        }
    }

    /// Fills the read buffer if it is empty and returns its first piece. It stays empty at the end
    /// of the stream.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<&[u8], ReadError>> {
        if self.rest.is_empty()
            && let Some(bytes) = ready!(self.poll_bytes(cx))?
        {
            self.rest.push(bytes);
        }
        Poll::Ready(Ok(self.rest.front()))
    }

    /// Consumes `amount` bytes of what [`poll_fill`](Self::poll_fill) returned.
    pub(crate) fn consume(&mut self, amount: usize) {
        if amount > 0 {
            self.rest.consume(amount);
        }
    }

    /// Puts back bytes that were returned last, in this order.
    pub(crate) fn put_back(&mut self, first: Bytes, then: Bytes) {
        let behind = std::mem::take(&mut self.rest).take();
        for bytes in [first, then, behind] {
            self.rest.push(bytes);
        }
    }

    /// Waits until the whole payload has arrived and returns it in one piece. Until then the data
    /// stays here. If the stream fails, the data is dropped.
    pub(crate) fn poll_all(
        &mut self,
        limit: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bytes, ReadError>> {
        loop {
            if self.rest.len() > limit {
                return Poll::Ready(Err(ReadError::OverLimit { limit }));
            }
            match ready!(poll_coop(cx, |cx| self.poll_next(cx))) {
                Ok(Some(Event::Data(bytes))) => self.rest.push(bytes),
                Ok(Some(Event::Message(_) | Event::Progress(_) | Event::Turn(_))) => {}
                Ok(None) => return Poll::Ready(Ok(self.rest.take())),
                Err(error) => {
                    self.rest = ReadBuffer::default();
                    return Poll::Ready(Err(error));
                }
            }
        }
    }

    /// Waits until it is known whether the stream has a header. If a user message or the end of a
    /// turn comes first, the stream has none. Progress, heartbeats and pongs do not decide it.
    pub(crate) fn poll_header(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<&Header>, ReadError>> {
        while self.verifier.has_header().is_none() {
            if let Some(Verdict::Failed(error)) = self.verifier.verdict() {
                return Poll::Ready(Err(error.clone()));
            }
            if matches!(self.peeked.back(), Some(Event::Message(_) | Event::Turn(_))) {
                return Poll::Ready(Ok(None));
            }
            let received = ready!(self.poll_connection(cx))?;
            match (self.hear(received), self.peeked.back_mut()) {
                // The later progress is more specific.
                (Some(event @ Event::Progress(_)), Some(last @ Event::Progress(_))) => {
                    *last = event;
                }
                (Some(event), _) => self.peeked.push_back(event),
                (None, _) => {}
            }
        }
        Poll::Ready(Ok(self.verifier.header()))
    }

    /// Receives until there is an event or a verdict.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, ReadError>> {
        loop {
            match self
                .decompressor
                .as_mut()
                .map_or(Ok(None), StreamDecompressor::next)
            {
                Ok(None) => {}
                Ok(Some(bytes)) => return Poll::Ready(Ok(Some(Event::Data(bytes)))),
                Err(error) => self.fail(error),
            }
            match self.verifier.verdict() {
                None => {}
                Some(Verdict::Failed(error)) => return Poll::Ready(Err(error.clone())),
                Some(Verdict::Complete | Verdict::CompleteUnverified) => {
                    return Poll::Ready(Ok(None));
                }
            }
            let received = ready!(self.poll_connection(cx))?;
            match (self.hear(received), &mut self.decompressor) {
                (Some(Event::Data(bytes)), Some(decompressor)) => decompressor.feed(bytes),
                (Some(event), _) => return Poll::Ready(Ok(Some(event))),
                (None, _) => {}
            }
        }
    }

    /// Opens the connection. A failure is returned by every call.
    pub(crate) fn poll_connect(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ReadError>> {
        match self.verifier.verdict() {
            Some(Verdict::Failed(error)) => return Poll::Ready(Err(error.clone())),
            Some(Verdict::Complete | Verdict::CompleteUnverified) => return Poll::Ready(Ok(())),
            None => {}
        }
        let opened = ready!(self.connection.poll_open(cx));
        Poll::Ready(opened.map_err(|error| {
            let error = ReadError::from(error);
            self.fail(error.clone());
            error
        }))
    }

    fn poll_connection(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Received>, ReadError>> {
        match self.connection.poll_receive(cx) {
            Poll::Pending => {
                self.wait_timer.begin();
                Poll::Pending
            }
            Poll::Ready(received) => {
                self.wait_timer.end();
                Poll::Ready(received.map_err(|error| {
                    let error = ReadError::from(error);
                    self.fail(error.clone());
                    error
                }))
            }
        }
    }

    /// Records that the waiting operation was dropped.
    pub(crate) fn stop_waiting(&mut self) {
        self.wait_timer.end();
    }

    /// Passes received frames to the verifier, and closes the connection once there is a verdict.
    /// `None` means that the peer takes too long to close.
    fn hear(&mut self, received: Option<Received>) -> Option<Event> {
        let unheaded = self.verifier.header().is_none();
        let event = if let Some(received) = received {
            self.verifier.receive(received)
        } else {
            self.verifier.hang_up();
            None
        };
        if unheaded && let Some(header) = self.verifier.header() {
            self.connection.watch(header);
        }
        if let Err(error) = self.check_compression() {
            self.verifier.fail(error);
        }
        if self.verifier.verdict().is_some() {
            self.connection.hang_up();
        } else if self.verifier.has_ended() {
            self.connection.end();
        }
        self.observe(0);
        event
    }

    /// Starts to decompress if the header requires it, and checks at the end that the compressed
    /// stream was complete.
    fn check_compression(&mut self) -> Result<(), ReadError> {
        match (&self.decompressor, self.verifier.header()) {
            (Some(decompressor), _) if self.verifier.has_ended() => {
                decompressor.finish(self.verifier.bytes())
            }
            (None, Some(header)) => {
                let compression = header.compression.as_deref();
                self.decompressor = compression.map(StreamDecompressor::new).transpose()?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Notifies the observers; the decoder supplies the number of items.
    pub(crate) fn observe(&mut self, items: u64) {
        let report = self.report();
        self.observer.update(StreamReport { items, ..report });
    }

    /// Ends the stream with an error detected by this end.
    pub(crate) fn fail(&mut self, error: ReadError) {
        let observer = !matches!(error, ReadError::Truncated { .. });
        self.verifier.fail(error);
        self.connection.hang_up();
        observer.then(|| self.observe(0));
    }

    /// Cancels the stream and waits for the engine's acknowledgement. An unused end connects in
    /// order to notify its writer.
    ///
    /// After the first poll, nothing more is returned. Calling it again continues to wait.
    pub(crate) async fn close(&mut self, close: Close) {
        if self.verifier.verdict().is_none() {
            self.verifier
                .fail(ReadError::closed_here(self.verifier.bytes()));
            self.connection.leave(close);
        }
        self.rest = ReadBuffer::default();
        self.peeked.clear();
        self.decompressor = None;
        // If the engine does not answer, it notices the lost connection later.
        let left = poll_fn(|cx| self.connection.poll_left(cx));
        let _ = tokio::time::timeout(LEAVE, left).await;
        self.connection.hang_up();
    }

    pub(crate) fn header(&self) -> Option<&Header> {
        self.verifier.header()
    }

    /// The number of items in the end message.
    pub(crate) fn end_items(&self) -> Option<u64> {
        self.verifier.end_items()
    }

    pub(crate) fn report(&self) -> StreamReport {
        StreamReport {
            bytes: self.verifier.bytes(),
            items: 0,
            messages: self.verifier.messages(),
            waited: self.wait_timer.total(),
            verdict: self.verifier.verdict().cloned(),
        }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.connection.give_up();
    }
}
