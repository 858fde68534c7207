mod ending;
mod state;

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::outcome::{EndKind, Phase};
use super::packer::Packer;
use crate::channel::link::Link;
use crate::channel::stats::wait_timer::WaitTimer;
use crate::channel::{
    MessageQueue, ReadError, StreamObserver, StreamReport, StreamStats, Verdict, WriteError,
};
use crate::wire::{InBand, Text};
use state::{State, poll_closed};

/// Bytes and messages to be sent, in order, and the end of the stream.
///
/// | state | left by | to |
/// |---|---|---|
/// | `Open` | `poll_close`: queues the rest and the end message | `Ending` |
/// | `Open` | `poll_abort`: drops the rest and queues the abort message | `Ending` |
/// | `Open` | an invalid header or compression: the same | `Ending` |
/// | `Ending` | everything is sent; queues the close frame | `Closing` |
/// | `Closing` | the peer's confirmation, or nothing received within the close timeout | `Over` |
/// | `Open`, `Ending`, `Closing` | an [`outcome`](super::outcome) that ends the stream; a connection that fails | `Over` |
///
/// Dropping a future loses nothing: accepted data is stored here, and each poll continues where the
/// last one stopped. Each variant owns what its state needs; `Over` owns no connection.
pub(crate) struct Outbox {
    state: State,
    packer: Packer,
    wait_timer: WaitTimer,
    close_timeout: Duration,
    /// The heartbeat interval that the stream can promise.
    heartbeat: Option<Duration>,
    pub(super) observer: StreamObserver,
}

impl Outbox {
    pub(crate) fn new(link: Link) -> Self {
        Self {
            observer: StreamObserver::of(&link),
            heartbeat: link.heartbeat(),
            state: State::Open(link),
            packer: Packer::new(),
            wait_timer: WaitTimer::default(),
            // The longest that an SDK waits for a peer's close (`docs/protocol.md` section 4.4).
            close_timeout: Duration::from_secs(30),
        }
    }

    /// For settings before the first use.
    pub(crate) fn packer_mut(&mut self) -> &mut Packer {
        &mut self.packer
    }

    /// Updates `stats`, and sends messages that are put into `message_queue`.
    pub(crate) fn attach(&mut self, stats: Arc<StreamStats>, message_queue: MessageQueue) {
        self.wait_timer.show(Arc::clone(&stats));
        self.observer.show(stats);
        self.packer.set_aside(message_queue);
    }

    pub(crate) fn set_close_timeout(&mut self, timeout: Duration) {
        self.close_timeout = timeout;
    }

    /// Counts the time until `polled` is ready as waiting; see
    /// [`stop_waiting`](Self::stop_waiting).
    pub(super) fn counted<R>(&mut self, polled: Poll<R>) -> Poll<R> {
        match polled {
            Poll::Pending => self.wait_timer.begin(),
            Poll::Ready(_) => self.wait_timer.end(),
        }
        polled
    }

    /// Whether a user operation is waiting.
    pub(crate) fn is_waiting(&self) -> bool {
        self.wait_timer.is_on()
    }

    /// Records that the waiting operation was dropped.
    pub(crate) fn stop_waiting(&mut self) {
        self.wait_timer.end();
    }

    /// Waits until the connection has taken all accepted frames except the tail.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        let ready = self.poll_room(cx);
        self.counted(ready)
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        self.refuse_what_cannot_be();
        match &self.state {
            State::Open(_) if self.packer.has_frames() => self.poll_drain(cx),
            State::Open(_) => Poll::Ready(Ok(())),
            _ => self.poll_no_more(cx),
        }
    }

    /// The result of an operation on a stream that is ending or has ended.
    fn poll_no_more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        if let (_, EndKind::Refused(error)) = self.state.phase() {
            let error = error.clone();
            // Notifies the reader; the result does not matter here.
            let _ = ready!(self.poll_end(cx));
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Err(match &self.state {
            State::Over {
                result: Err(error), ..
            } => error.clone(),
            _ => WriteError::Closed,
        }))
    }

    /// Accepts payload bytes. Must follow a `poll_ready` that returned ready.
    pub(crate) fn push_data(&mut self, data: Bytes) {
        self.packer.data(data);
        self.observe();
    }

    /// Copies as much of `data` as fits into the current frame. Must follow a `poll_ready` that
    /// returned ready.
    pub(crate) fn fill_tail(&mut self, data: &[u8]) -> usize {
        let taken = self.packer.fill_tail(data);
        self.observe();
        taken
    }

    /// Accepts the item that `encode` appends, or nothing if it fails. Must follow a `poll_ready`
    /// that returned ready.
    pub(crate) fn push_item<E>(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        self.packer.item(encode)?;
        self.observe();
        Ok(())
    }

    /// Accepts a user message.
    pub(crate) fn push_message(&mut self, text: Text) -> Result<(), WriteError> {
        self.packer.message(text)
    }

    /// Accepts a message of the stream protocol. A plain stream ignores it.
    pub(crate) fn push_in_band(&mut self, message: &InBand) {
        self.packer.in_band(message);
    }

    /// Sends full frames as far as the connection accepts them, without waiting.
    pub(crate) fn drain_now(&mut self, cx: &mut Context<'_>) {
        if matches!(self.state, State::Open(_))
            && self.packer.has_frames()
            && matches!(self.poll_drain(cx), Poll::Ready(Ok(())))
        {
            // A failure, here or above, is stored, and the next call that can report it returns it.
            let _ = self.poll_flush_link(cx);
        }
    }

    /// Waits until everything accepted so far has been passed to the operating system.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        let flushed = self.poll_flush_all(cx);
        self.counted(flushed)
    }

    fn poll_flush_all(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        self.refuse_what_cannot_be();
        match &self.state {
            State::Open(_) => {
                self.packer.flush();
                self.observe();
            }
            // A caller that closes may flush before each attempt, as tokio-util's `FramedWrite`
            // does.
            State::Ending {
                how: EndKind::Whole,
                ..
            } => {}
            State::Closing {
                how: EndKind::Whole,
                ..
            }
            | State::Over {
                how: EndKind::Whole,
                result: Ok(()),
            } => return Poll::Ready(Ok(())),
            _ => return self.poll_no_more(cx),
        }
        ready!(self.poll_drain(cx))?;
        self.poll_flush_link(cx)
    }

    /// Flushes for a writer that pauses. While the connection could not accept the current frame
    /// anyway, the frame is kept so that more data can be added.
    pub(crate) fn poll_flush_idle(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        if let State::Open(_) = self.state {
            ready!(self.poll_drain(cx))?;
            if let Some(link) = self.state.open() {
                match ready!(link.poll_ready(cx)) {
                    Ok(()) => {}
                    Err(error) => return Poll::Ready(Err(self.fail(cx, error.into()))),
                }
            }
        }
        self.poll_flush_all(cx)
    }

    pub(crate) fn heartbeat(&self) -> Option<Duration> {
        self.heartbeat
    }

    /// Waits until the connection is open, without sending anything.
    pub(crate) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        let State::Open(link) = &mut self.state else {
            return Poll::Ready(Ok(()));
        };
        let opened = ready!(link.poll_open(cx)).map(|_| ());
        Poll::Ready(opened.map_err(|error| self.fail(cx, error.into())))
    }

    /// Data that was accepted and not passed to the connection.
    pub(crate) fn packer(&self) -> &Packer {
        &self.packer
    }

    /// Whether the next item can be accepted without waiting.
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.state, State::Open(_))
            && self.packer.is_prepared()
            && !self.packer.has_frames()
            && !self.is_waiting()
    }

    /// Opens the connection if necessary and passes every queued frame to it.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        match ready!(self.poll_drain_inner(cx)) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(self.fail(cx, error))),
        }
    }

    fn poll_drain_inner(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        let (link, phase, mut sign) = match &mut self.state {
            State::Open(link) => (link, (Phase::Open, &EndKind::Whole), None),
            State::Ending { link, how, dropped } => {
                (link, (Phase::Ending, &*how), dropped.as_mut())
            }
            State::Closing { .. } | State::Over { .. } => return Poll::Ready(Ok(())),
        };
        let link = ready!(link.poll_open(cx))?;
        // A writer reads only to learn that its stream has ended.
        if let Poll::Ready(ended) = poll_closed(link, phase, sign.as_deref_mut(), cx) {
            ended?;
        }
        self.packer.begin();
        while self.packer.has_frames() {
            ready!(link.poll_ready(cx))?;
            if let Some(frame) = self.packer.pop() {
                link.start_send(frame)?;
                if let Some(sign) = &mut sign {
                    sign.heard();
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_flush_link(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        let (link, phase, sign) = match &mut self.state {
            State::Open(link) => (link.open(), (Phase::Open, &EndKind::Whole), None),
            State::Ending { link, how, dropped } => {
                (link.open(), (Phase::Ending, &*how), dropped.as_mut())
            }
            State::Closing { .. } | State::Over { .. } => return Poll::Ready(Ok(())),
        };
        let Some(link) = link else {
            return Poll::Ready(Ok(()));
        };
        let flushed = match link.poll_flush(cx) {
            // Registers the waker, so that a disconnecting reader is noticed while the writer waits
            // for room.
            Poll::Pending => ready!(poll_closed(link, phase, sign, cx)),
            Poll::Ready(flushed) => flushed.map_err(WriteError::from),
        };
        Poll::Ready(flushed.map_err(|error| self.fail(cx, error)))
    }

    /// Stores `error` for later calls, unless the peer gave a reason before.
    fn fail(&mut self, cx: &mut Context<'_>, error: WriteError) -> WriteError {
        let (phase, how) = self.state.phase();
        let how = how.clone();
        let mut error = error;
        if let (WriteError::Lost(_), Some(link)) = (&error, self.state.open())
            && let Poll::Ready(Err(told)) = poll_closed(link, (phase, &how), None, cx)
            && (told.is_reader_gone() || matches!(told, WriteError::Ended { .. }))
        {
            error = told;
        }
        self.observer.failed(&error);
        self.packer.clear();
        self.state = State::Over {
            how,
            result: Err(error.clone()),
        };
        let report = self.report();
        self.observer.update(report);
        error
    }

    /// Ready when writing is no longer possible, with the error that a write would return.
    ///
    /// While the stream is being ended, it waits for the result without losing it.
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<WriteError> {
        if let State::Open(link) = &mut self.state {
            let ended = match ready!(link.poll_open(cx)) {
                Err(error) => Err(error.into()),
                Ok(link) => ready!(poll_closed(link, (Phase::Open, &EndKind::Whole), None, cx)),
            };
            return Poll::Ready(match ended {
                Ok(()) => WriteError::Closed,
                Err(error) => self.fail(cx, error),
            });
        }
        let result = ready!(self.poll_end(cx));
        Poll::Ready(match (result, self.state.phase()) {
            (_, (_, EndKind::Refused(error))) => error.clone(),
            (Err(error), _) => error,
            (Ok(()), _) => WriteError::Closed,
        })
    }

    /// Notifies the observers of new frames.
    fn observe(&mut self) {
        if self.packer.has_frames() {
            let report = self.report();
            self.observer.update(report);
        }
    }

    pub(crate) fn report(&self) -> StreamReport {
        StreamReport {
            bytes: self.packer.bytes(),
            items: self.packer.items(),
            messages: self.packer.messages(),
            waited: self.wait_timer.total(),
            verdict: self.verdict(),
        }
    }

    /// How the stream ended, as far as this end knows. An abort counts once it is queued.
    fn verdict(&self) -> Option<Verdict> {
        let bytes = self.packer.bytes();
        match &self.state {
            State::Over {
                how: EndKind::Whole,
                result,
            } => Some(match result {
                Ok(()) if self.packer.is_plain() => Verdict::CompleteUnverified,
                Ok(()) => Verdict::Complete,
                Err(error) => Verdict::Failed(error.as_verdict(bytes)),
            }),
            state => match state.phase() {
                (_, EndKind::Whole) => None,
                (_, EndKind::Aborted(abort)) => {
                    Some(Verdict::Failed(ReadError::Aborted(abort.clone())))
                }
                (_, EndKind::Refused(error)) => Some(Verdict::Failed(error.as_verdict(bytes))),
            },
        }
    }

    /// Whether the stream would have to be ended if its writer were dropped now.
    pub(crate) fn is_unfinished(&self) -> bool {
        match &self.state {
            State::Open(link) => link.is_used() || !self.packer.is_empty(),
            State::Ending { .. } | State::Closing { .. } => true,
            State::Over { .. } => false,
        }
    }

    /// Takes everything and leaves a closed outbox.
    pub(crate) fn take(&mut self) -> Self {
        let mut closed = Self::new(Link::Gone);
        closed.state = State::Over {
            how: EndKind::Whole,
            result: Ok(()),
        };
        std::mem::replace(self, closed)
    }
}
