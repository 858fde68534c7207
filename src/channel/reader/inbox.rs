use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::connection::{Connection, LEAVE};
use super::expansion::Expansion;
use super::listeners::Listeners;
use super::passing::Passing;
use super::rest::Rest;
use crate::channel::coop::poll_coop;
use crate::channel::judge::{Event, Judge};
use crate::channel::link::Link;
use crate::channel::waits::Waits;
use crate::channel::{Aside, Meter, Observed, ReadError, StreamReport, Verdict, WriterWatch};
use crate::transport::Received;
use crate::wire::{Frame, Header};

/// What came from the connection and was not taken yet, and the verdict on it.
///
/// Every face of the reader is a thin cover of [`poll_event`](Self::poll_event). What was received
/// stays here until it is handed out, so dropping a future loses nothing.
pub(crate) struct Inbox {
    connection: Connection,
    judge: Judge,
    listeners: Listeners,
    /// Payload that was received and is handed out before everything else.
    rest: Rest,
    /// Events that were received to learn whether there is a header: a progress message at the
    /// most, and what came behind it.
    peeked: VecDeque<Event>,
    waits: Waits,
    /// Undoes the compression that the header names.
    expansion: Option<Expansion>,
    pub(super) observed: Observed,
    passing: Passing,
}

impl Inbox {
    pub(crate) fn new(link: Link) -> Self {
        Self {
            observed: Observed::of(&link),
            connection: Connection::new(link),
            judge: Judge::new(),
            listeners: Listeners::default(),
            rest: Rest::default(),
            peeked: VecDeque::new(),
            waits: Waits::default(),
            expansion: None,
            passing: Passing::default(),
        }
    }

    pub(crate) fn expect_header(&mut self) {
        self.judge.expect_header();
    }

    /// Keeps `meter` up to date, and puts messages and progress into `aside`.
    pub(crate) fn attach(&mut self, meter: Arc<Meter>, aside: Aside) {
        self.attach_meter(meter);
        self.passing = Passing::to(aside);
    }

    /// Watches over the stage that writes the stream.
    pub(crate) fn watch_writer(&mut self, writer: WriterWatch) {
        self.connection.watch_writer(writer);
    }

    /// Keeps `meter` up to date.
    pub(crate) fn attach_meter(&mut self, meter: Arc<Meter>) {
        self.waits.show(Arc::clone(&meter));
        self.observed.show(meter);
    }

    /// Leaves messages and progress to the code behind this end.
    pub(crate) fn keep_messages(&mut self) {
        self.passing.keep_messages();
    }

    /// Leaves everything that is passed on to whoever takes the events.
    pub(crate) fn keep_all(&mut self) {
        self.passing = Passing::default();
    }

    pub(crate) fn listeners(&mut self) -> &mut Listeners {
        &mut self.listeners
    }

    /// The next event; `None` at the end of a whole stream. A failure comes again if asked again.
    pub(crate) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Event>, ReadError>> {
        match self.rest.pop() {
            Some(bytes) => Poll::Ready(Ok(Some(Event::Data(bytes)))),
            None => poll_coop(cx, |cx| self.poll_next(cx)),
        }
    }

    /// The next event behind the rest.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, ReadError>> {
        loop {
            // A message goes to its listeners as it is handed out, so room for it is needed before.
            ready!(self.listeners.poll_ready(cx));
            let event = match self.peeked.pop_front() {
                Some(event) => Some(event),
                None => ready!(self.poll_receive(cx))?,
            };
            match &event {
                Some(Event::Message(text)) => {
                    self.listeners.message(text);
                    self.passing.message(text);
                }
                Some(Event::Progress(progress)) => {
                    self.listeners.progress(progress);
                    self.passing.progress(progress);
                }
                Some(Event::Turn(turn)) if self.passing.turn(*turn) => continue,
                Some(Event::Turn(_) | Event::Data(_)) | None => {}
            }
            return Poll::Ready(Ok(event));
        }
    }

    /// The next frame for a face that gives frames; progress goes to its listeners only.
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

    /// The next payload bytes; messages and progress go to their listeners only.
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

    /// Fills the rest if it is empty, and gives its first piece; it stays empty at the end of the
    /// stream.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<&[u8], ReadError>> {
        if self.rest.is_empty()
            && let Some(bytes) = ready!(self.poll_bytes(cx))?
        {
            self.rest.push(bytes);
        }
        Poll::Ready(Ok(self.rest.front()))
    }

    /// Takes `amount` bytes off what [`poll_fill`](Self::poll_fill) gave.
    pub(crate) fn consume(&mut self, amount: usize) {
        if amount > 0 {
            self.rest.consume(amount);
        }
    }

    /// Puts bytes back that were handed out last, in this order.
    pub(crate) fn put_back(&mut self, first: Bytes, then: Bytes) {
        let behind = std::mem::take(&mut self.rest).take();
        for bytes in [first, then, behind] {
            self.rest.push(bytes);
        }
    }

    /// Waits until everything has arrived, and gives it in one piece; it stays here until then.
    /// What arrived before a failure is dropped.
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
                    self.rest = Rest::default();
                    return Poll::Ready(Err(error));
                }
            }
        }
    }

    /// Waits until it is known whether the stream has a header. A message of the user, or the end of
    /// a turn, that comes first tells that there is none so far. Progress, heartbeats and pongs tell nothing.
    pub(crate) fn poll_header(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<&Header>, ReadError>> {
        while self.judge.has_header().is_none() {
            if let Some(Verdict::Failed(error)) = self.judge.verdict() {
                return Poll::Ready(Err(error.clone()));
            }
            if matches!(self.peeked.back(), Some(Event::Message(_) | Event::Turn(_))) {
                return Poll::Ready(Ok(None));
            }
            let received = ready!(self.poll_connection(cx))?;
            match (self.hear(received), self.peeked.back_mut()) {
                // The later one says more.
                (Some(event @ Event::Progress(_)), Some(last @ Event::Progress(_))) => {
                    *last = event;
                }
                (Some(event), _) => self.peeked.push_back(event),
                (None, _) => {}
            }
        }
        Poll::Ready(Ok(self.judge.header()))
    }

    /// Receives until there is an event or a verdict.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, ReadError>> {
        loop {
            match self.expansion.as_mut().map_or(Ok(None), Expansion::next) {
                Ok(None) => {}
                Ok(Some(bytes)) => return Poll::Ready(Ok(Some(Event::Data(bytes)))),
                Err(error) => self.fail(error),
            }
            match self.judge.verdict() {
                None => {}
                Some(Verdict::Failed(error)) => return Poll::Ready(Err(error.clone())),
                Some(Verdict::Complete | Verdict::CompleteUnverified) => {
                    return Poll::Ready(Ok(None));
                }
            }
            let received = ready!(self.poll_connection(cx))?;
            match (self.hear(received), &mut self.expansion) {
                (Some(Event::Data(bytes)), Some(expansion)) => expansion.feed(bytes),
                (Some(event), _) => return Poll::Ready(Ok(Some(event))),
                (None, _) => {}
            }
        }
    }

    /// Opens the connection; gives a failure each time.
    pub(crate) fn poll_connect(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ReadError>> {
        match self.judge.verdict() {
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
                self.waits.begin();
                Poll::Pending
            }
            Poll::Ready(received) => {
                self.waits.end();
                Poll::Ready(received.map_err(|error| {
                    let error = ReadError::from(error);
                    self.fail(error.clone());
                    error
                }))
            }
        }
    }

    /// Whoever waited gave up: what it does now is no wait.
    pub(crate) fn stop_waiting(&mut self) {
        self.waits.end();
    }

    /// Tells the judge what was received, and hangs up once there is a verdict; without anything
    /// the peer takes too long to close.
    fn hear(&mut self, received: Option<Received>) -> Option<Event> {
        let unheaded = self.judge.header().is_none();
        let event = if let Some(received) = received {
            self.judge.receive(received)
        } else {
            self.judge.hang_up();
            None
        };
        if unheaded && let Some(header) = self.judge.header() {
            self.connection.watch(header);
        }
        if let Err(error) = self.check_compression() {
            self.judge.fail(error);
        }
        if self.judge.verdict().is_some() {
            self.connection.hang_up();
        } else if self.judge.has_ended() {
            self.connection.end();
        }
        self.observe(0);
        event
    }

    /// Begins to decompress once the header asks for it, and looks at the end whether all of the
    /// compressed stream was there.
    fn check_compression(&mut self) -> Result<(), ReadError> {
        match (&self.expansion, self.judge.header()) {
            (Some(expansion), _) if self.judge.has_ended() => expansion.finish(self.judge.bytes()),
            (None, Some(header)) => {
                let compression = header.compression.as_deref();
                self.expansion = compression.map(Expansion::new).transpose()?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Tells whoever looks on; items are known to whoever decodes them.
    pub(crate) fn observe(&mut self, items: u64) {
        let report = self.report();
        self.observed.update(StreamReport { items, ..report });
    }

    /// Ends the stream with an error that this end found.
    pub(crate) fn fail(&mut self, error: ReadError) {
        let observed = !matches!(error, ReadError::Truncated { .. });
        self.judge.fail(error);
        self.connection.hang_up();
        observed.then(|| self.observe(0));
    }

    /// Tells the engine that this end wants no more, and waits until it has taken note. An end that
    /// was not used connects for this, so that its writer learns of it.
    ///
    /// Nothing is given any more once this was polled; to be called again goes on waiting.
    pub(crate) async fn close(&mut self) {
        if self.judge.verdict().is_none() {
            self.judge.fail(ReadError::closed_here(self.judge.bytes()));
            self.connection.leave();
        }
        self.rest = Rest::default();
        self.peeked.clear();
        self.expansion = None;
        // An engine that does not answer learns of the loss of the connection instead.
        let left = poll_fn(|cx| self.connection.poll_left(cx));
        let _ = tokio::time::timeout(LEAVE, left).await;
        self.connection.hang_up();
    }

    pub(crate) fn header(&self) -> Option<&Header> {
        self.judge.header()
    }

    /// Items that the end message counts.
    pub(crate) fn end_items(&self) -> Option<u64> {
        self.judge.end_items()
    }

    pub(crate) fn report(&self) -> StreamReport {
        StreamReport {
            bytes: self.judge.bytes(),
            items: 0,
            messages: self.judge.messages(),
            waited: self.waits.total(),
            verdict: self.judge.verdict().cloned(),
        }
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.connection.give_up();
    }
}
