use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::time::Sleep;

use super::expansion::Expansion;
use super::listeners::Listeners;
use super::vigil::Vigil;
use crate::channel::judge::{Event, Judge};
use crate::channel::link::Link;
use crate::channel::waits::Waits;
use crate::channel::{Aside, Meter, Observed, ReadError, Remark, StreamReport, Verdict};
use crate::transport::Received;
use crate::wire::{Close, Frame, Header};

/// How long to wait for the close that follows an end message. The stream is whole by then; the
/// wait only spares the writer the news of a reader that hung up early.
const CLOSE_AFTER_END: Duration = Duration::from_secs(5);

/// How long a reader that cancels waits for the engine to take note.
const CLOSE: Duration = Duration::from_secs(5);

/// What came from the connection and was not taken yet, and the verdict on it.
///
/// Every face of the reader is a thin cover of [`poll_event`](Self::poll_event). What was received
/// stays here until it is handed out, so dropping a future loses nothing.
pub(crate) struct Inbox {
    link: Link,
    judge: Judge,
    listeners: Listeners,
    /// The rest of a data frame of which a part was read.
    rest: Bytes,
    /// An event that was received to learn what comes before it.
    peeked: Option<Event>,
    waits: Waits,
    /// Set once the end message was seen.
    close_deadline: Option<Pin<Box<Sleep>>>,
    /// Undoes the compression that the header names.
    expansion: Option<Expansion>,
    vigil: Vigil,
    pub(super) observed: Observed,
    /// Where messages go that the code behind this end does not ask for.
    aside: Option<Aside>,
}

impl Inbox {
    pub(crate) fn new(link: Link) -> Self {
        Self {
            observed: Observed::of(&link),
            link,
            judge: Judge::new(),
            listeners: Listeners::default(),
            rest: Bytes::new(),
            peeked: None,
            waits: Waits::default(),
            close_deadline: None,
            expansion: None,
            vigil: Vigil::default(),
            aside: None,
        }
    }

    pub(crate) fn expect_header(&mut self) {
        self.judge.expect_header();
    }

    /// Keeps `meter` up to date, and puts messages and progress into `aside`.
    pub(crate) fn attach(&mut self, meter: Arc<Meter>, aside: Aside) {
        self.attach_meter(meter);
        self.aside = Some(aside);
    }

    /// Keeps `meter` up to date.
    pub(crate) fn attach_meter(&mut self, meter: Arc<Meter>) {
        self.waits.show(Arc::clone(&meter));
        self.observed.show(meter);
    }

    /// Leaves messages to the code behind this end.
    pub(crate) fn keep_messages(&mut self) {
        self.aside = None;
    }

    pub(super) fn listeners(&mut self) -> &mut Listeners {
        &mut self.listeners
    }

    pub(crate) fn on_message(&mut self, listener: impl FnMut(&str) + Send + Sync + 'static) {
        self.listeners.add_on_message(listener);
    }

    /// The next event; `None` at the end of a whole stream. A failure comes again if asked again.
    pub(crate) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Event>, ReadError>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Ok(Some(Event::Data(std::mem::take(&mut self.rest)))));
        }
        // A message goes to its listeners as it is handed out, so room for it is needed before.
        ready!(self.listeners.poll_ready(cx));
        let event = match self.peeked.take() {
            Some(event) => Some(event),
            None => ready!(self.poll_receive(cx))?,
        };
        match &event {
            Some(Event::Message(text)) => {
                self.listeners.message(text);
                self.put_aside(|| Remark::Message(text.clone()));
            }
            Some(Event::Progress(progress)) => {
                self.listeners.progress(progress);
                self.put_aside(|| Remark::Progress(progress.clone()));
            }
            Some(Event::Data(_)) | None => {}
        }
        Poll::Ready(Ok(event))
    }

    fn put_aside(&self, remark: impl FnOnce() -> Remark) {
        if let Some(aside) = &self.aside {
            aside.push(remark());
        }
    }

    /// The next frame for a face that gives frames; progress goes to its listeners only.
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Frame>, ReadError>> {
        loop {
            return Poll::Ready(Ok(match ready!(self.poll_event(cx))? {
                Some(Event::Progress(_)) => continue,
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
                Some(Event::Message(_) | Event::Progress(_)) => continue,
                None => None,
            }));
        }
    }

    /// Fills `rest` if it is empty; it stays empty at the end of the stream.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<&[u8], ReadError>> {
        if self.rest.is_empty()
            && let Some(bytes) = ready!(self.poll_bytes(cx))?
        {
            self.rest = bytes;
        }
        Poll::Ready(Ok(&self.rest))
    }

    /// Takes `amount` bytes off what [`poll_fill`](Self::poll_fill) gave.
    pub(crate) fn consume(&mut self, amount: usize) {
        self.rest.advance(amount);
    }

    /// Puts bytes back that were handed out, before everything else.
    pub(crate) fn put_back(&mut self, bytes: Bytes) {
        if self.rest.is_empty() {
            self.rest = bytes;
        } else if !bytes.is_empty() {
            self.rest = [bytes, std::mem::take(&mut self.rest)].concat().into();
        }
    }

    /// Waits until it is known whether the stream has a header.
    pub(crate) fn poll_header(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<&Header>, ReadError>> {
        if self.judge.is_at_start() && self.peeked.is_none() {
            self.peeked = ready!(self.poll_start(cx))?;
        }
        Poll::Ready(Ok(self.judge.header()))
    }

    /// Receives the first frame: an event to keep, unless it was for the judge alone.
    fn poll_start(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, ReadError>> {
        let received = ready!(self.poll_link(cx))?;
        let event = self.hear(received);
        Poll::Ready(match self.judge.verdict() {
            Some(Verdict::Failed(error)) => Err(error.clone()),
            _ => Ok(event),
        })
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
            let received = match self.poll_link(cx) {
                Poll::Ready(Ok(received)) => received,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    if ready!(self.poll_hang_up(cx)) {
                        continue;
                    }
                    return Poll::Pending;
                }
            };
            match (self.hear(received), &mut self.expansion) {
                (Some(Event::Data(bytes)), Some(expansion)) => expansion.feed(bytes),
                (Some(event), _) => return Poll::Ready(Ok(Some(event))),
                (None, _) => {}
            }
        }
    }

    pub(crate) fn poll_connect(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ReadError>> {
        if self.judge.verdict().is_some() {
            return Poll::Ready(Ok(()));
        }
        let opened = ready!(self.link.poll_open(cx)).map(|_| ());
        Poll::Ready(opened.map_err(|error| {
            let error = ReadError::from(error);
            self.judge.fail(error.clone());
            error
        }))
    }

    fn poll_link(&mut self, cx: &mut Context<'_>) -> Poll<Result<Received, ReadError>> {
        let link = match self.link.poll_open(cx) {
            Poll::Pending => {
                self.waits.begin();
                return Poll::Pending;
            }
            Poll::Ready(Ok(link)) => link,
            Poll::Ready(Err(error)) => {
                let error = ReadError::from(error);
                self.judge.fail(error.clone());
                return Poll::Ready(Err(error));
            }
        };
        let received = self.vigil.hear(link.poll_receive(cx), cx);
        if matches!(received, Poll::Ready(Received::Closed(_))) {
            // Answers the close, as far as that goes without waiting; the stream is over anyway.
            let _ = link.poll_flush(cx);
        }
        match received {
            Poll::Pending => self.waits.begin(),
            Poll::Ready(_) => self.waits.end(),
        }
        received.map(Ok)
    }

    /// Tells the judge what was received, and hangs up once there is a verdict.
    fn hear(&mut self, received: Received) -> Option<Event> {
        let unheaded = self.judge.header().is_none();
        let event = match received {
            Received::Frame(frame) => self.judge.frame(frame),
            Received::Closed(close) => {
                self.judge.closed(&close);
                None
            }
            Received::Lost(error) => {
                self.judge.lost(&error);
                None
            }
            Received::Pong => None,
        };
        if unheaded {
            self.vigil = self.judge.header().map(Vigil::over).unwrap_or_default();
        }
        if let Err(error) = self.check_compression() {
            self.judge.fail(error);
        }
        if self.judge.verdict().is_some() {
            self.link.hang_up();
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

    /// Ready with whether the wait for a close after the end message is over.
    fn poll_hang_up(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if !self.judge.has_ended() {
            return Poll::Ready(false);
        }
        let deadline = self
            .close_deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(CLOSE_AFTER_END)));
        ready!(deadline.as_mut().poll(cx));
        self.judge.hang_up();
        self.link.hang_up();
        Poll::Ready(true)
    }

    /// Ends the stream with an error that this end found.
    pub(crate) fn fail(&mut self, error: ReadError) {
        self.judge.fail(error);
        self.link.hang_up();
    }

    /// Tells the engine that this end wants no more, and waits until it has taken note.
    ///
    /// Nothing is given any more once this was polled; to be called again goes on waiting.
    pub(crate) async fn close(&mut self) {
        if self.judge.verdict().is_none() {
            self.judge.fail(ReadError::closed_here(self.judge.bytes()));
            let told = match self.link.open() {
                Some(link) => link.start_close(Close::NORMAL).is_ok(),
                None => false,
            };
            if !told {
                self.link.hang_up();
            }
        }
        self.rest = Bytes::new();
        self.peeked = None;
        self.expansion = None;
        if let Some(link) = self.link.open() {
            let noted = std::future::poll_fn(|cx| {
                let _ = link.poll_flush(cx);
                while let Received::Frame(_) | Received::Pong = ready!(link.poll_receive(cx)) {}
                Poll::Ready(())
            });
            // An engine that does not answer learns of the loss of the connection instead.
            let _ = tokio::time::timeout(CLOSE, noted).await;
            self.link.hang_up();
        }
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
