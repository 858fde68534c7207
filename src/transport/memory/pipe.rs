use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::backpressure_timer::BackpressureTimer;
use crate::sync::{Mutex, MutexExt, MutexGuard, PoisonError};
#[cfg(feature = "engine")]
use crate::transport::Account;
#[cfg(feature = "engine")]
use crate::wire::Histogram;
use crate::wire::{Close, Frame};

/// The capacity of a pipe. The writer waits when either bound is reached.
///
/// A frame longer than `bytes` is accepted if the pipe is empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PipeLimits {
    pub(crate) frames: usize,
    pub(crate) bytes: usize,
}

/// Creates a bounded queue of frames with one writer and one reader.
///
/// How each end finishes, and what the other end sees:
///
/// | writer | reader sees, after the queued frames | reader | writer sees |
/// |---|---|---|---|
/// | [`end`](PipeWriter::end) | `Popped::End` with that close | [`cancel`](PipeReader::cancel) | that close |
/// | dropped before | `Popped::End(Close::WRITER_LOST)` | dropped | `Close::READER_GONE` |
///
/// Only the first end counts. Frames queued before the writer's end remain available to the reader.
pub(crate) fn pipe(limits: PipeLimits) -> (PipeWriter, PipeReader) {
    ends(Shared::new(limits))
}

/// A [`pipe`] whose bytes are charged to `account`. While the account has no room, the pipe holds
/// at most one frame.
#[cfg(feature = "engine")]
pub(crate) fn accounted_pipe(limits: PipeLimits, account: Account) -> (PipeWriter, PipeReader) {
    let mut shared = Shared::new(limits);
    shared.account = Some(account);
    ends(shared)
}

fn ends(shared: Shared) -> (PipeWriter, PipeReader) {
    let shared = Arc::new(shared);
    let writer = PipeWriter {
        shared: Arc::clone(&shared),
        held_back: BackpressureTimer::default(),
    };
    (writer, PipeReader(shared))
}

/// The end of a [`pipe`] that frames are pushed into.
pub(crate) struct PipeWriter {
    shared: Arc<Shared>,
    held_back: BackpressureTimer,
}

/// The end of a [`pipe`] that frames are popped from.
pub(crate) struct PipeReader(Arc<Shared>);

/// Observes and stops a [`pipe`] whose ends are held elsewhere.
pub(crate) struct PipeMonitor(Arc<Shared>);

/// The result of popping from a pipe.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Popped {
    Frame(Frame),
    /// The writer has ended, and every earlier frame was popped. Later polls return it again.
    End(Close),
}

struct Shared {
    limits: PipeLimits,
    #[cfg(feature = "engine")]
    account: Option<Account>,
    /// Protects the queue during a push or a pop; never held across an await or a wake.
    state: Mutex<State>,
}

struct State {
    /// Bounded by `limits`: a push must follow a `poll_ready` or have a bound of its own.
    frames: VecDeque<Frame>,
    bytes: usize,
    /// Number of frames and bytes that the reader has taken.
    passed: (u64, u64),
    writer_end: Option<Close>,
    /// Whether the reader has reached the writer's end.
    read: bool,
    /// The close that replaces a clean end of the writer.
    spoiled: Option<Close>,
    reader_end: Option<Close>,
    /// The task that waits for room, or for the reader to disconnect.
    writer: Option<Waker>,
    /// The task that waits for a frame.
    reader: Option<Waker>,
}

impl Shared {
    fn new(limits: PipeLimits) -> Self {
        Self {
            limits,
            #[cfg(feature = "engine")]
            account: None,
            state: Mutex::new(State {
                frames: VecDeque::new(),
                bytes: 0,
                passed: (0, 0),
                writer_end: None,
                read: false,
                spoiled: None,
                reader_end: None,
                writer: None,
                reader: None,
            }),
        }
    }

    /// Charges bytes that were pushed.
    fn charge(&self, bytes: usize) {
        #[cfg(feature = "engine")]
        if let Some(account) = &self.account {
            account.add(bytes);
        }
        #[cfg(not(feature = "engine"))]
        let _ = (self, bytes);
    }

    /// Releases bytes that were popped or dropped.
    fn release(&self, bytes: usize) {
        #[cfg(feature = "engine")]
        if let Some(account) = &self.account {
            account.sub(bytes);
        }
        #[cfg(not(feature = "engine"))]
        let _ = (self, bytes);
    }

    /// Whether the account has room, if there is one. An empty pipe always accepts one frame.
    fn has_room(&self, state: &State) -> bool {
        #[cfg(feature = "engine")]
        if let Some(account) = &self.account {
            return state.bytes == 0 || account.room() > 0;
        }
        #[cfg(not(feature = "engine"))]
        let _ = (self, state);
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can panic.
        self.state.lock_unpoisoned()
    }

    /// Ends the stream after the queued frames. Returns the reader's close if the reader has
    /// disconnected.
    fn end_writer(&self, close: Close) -> Option<Close> {
        let mut state = self.lock();
        if state.writer_end.is_none() {
            let spoiled = state.spoiled.take().filter(|_| close.is_clean());
            state.writer_end = Some(spoiled.unwrap_or(close));
        }
        let waker = state.reader.take();
        let gone = state.reader_end.clone();
        drop(state);
        wake(waker);
        gone
    }

    fn end_reader(&self, close: Close) {
        let mut state = self.lock();
        if state.reader_end.is_none() {
            state.reader_end = Some(close);
            state.frames.clear();
            self.release(std::mem::take(&mut state.bytes));
        }
        let waker = state.writer.take();
        drop(state);
        wake(waker);
    }
}

impl PipeWriter {
    /// Waits for room; `Err` once the reader has disconnected.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Close>> {
        let mut state = self.shared.lock();
        if let Some(close) = &state.reader_end {
            return Poll::Ready(Err(close.clone()));
        }
        let limits = self.shared.limits;
        let within = state.frames.len() < limits.frames && state.bytes < limits.bytes;
        if within && self.shared.has_room(&state) {
            self.held_back.over();
            return Poll::Ready(Ok(()));
        }
        park(&mut state.writer, cx);
        self.held_back.begin();
        Poll::Pending
    }

    /// Queues a frame. [`poll_ready`](Self::poll_ready) enforces the bound. A frame for a reader
    /// that has disconnected is dropped, and the next `poll_ready` reports it.
    pub(crate) fn push(&mut self, frame: Frame) {
        let mut state = self.shared.lock();
        if state.reader_end.is_some() || state.writer_end.is_some() {
            return;
        }
        state.bytes += frame.len();
        self.shared.charge(frame.len());
        state.frames.push_back(frame);
        let waker = state.reader.take();
        drop(state);
        wake(waker);
    }

    /// The bounds of the pipe.
    pub(crate) fn limits(&self) -> PipeLimits {
        self.shared.limits
    }

    /// Records the duration of each wait for room in `waits`.
    #[cfg(feature = "engine")]
    pub(crate) fn count_waits(&mut self, waits: Arc<Histogram>) {
        self.held_back.count_in(waits);
    }

    /// Creates a monitor for this pipe.
    pub(crate) fn monitor(&self) -> PipeMonitor {
        PipeMonitor(Arc::clone(&self.shared))
    }

    /// Ends the stream after the queued frames. Returns the reader's close if the reader has
    /// disconnected.
    pub(crate) fn end(&mut self, close: Close) -> Option<Close> {
        self.shared.end_writer(close)
    }

    /// Waits until the reader has disconnected.
    ///
    /// It shares its waker with [`poll_ready`](Self::poll_ready): the last call of the two decides
    /// which task is woken.
    pub(crate) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<Close> {
        let mut state = self.shared.lock();
        if let Some(close) = &state.reader_end {
            return Poll::Ready(close.clone());
        }
        park(&mut state.writer, cx);
        Poll::Pending
    }

    /// Number of frames and bytes waiting for the reader.
    pub(crate) fn queued(&self) -> (usize, usize) {
        let state = self.shared.lock();
        (state.frames.len(), state.bytes)
    }

    /// Whether the account allows one more frame.
    #[cfg(feature = "engine")]
    pub(crate) fn has_room(&self) -> bool {
        self.shared.has_room(&self.shared.lock())
    }
}

impl PipeReader {
    /// Waits for the next frame or the end.
    pub(crate) fn poll_pop(&mut self, cx: &mut Context<'_>) -> Poll<Popped> {
        let mut state = self.0.lock();
        if let Some(frame) = state.frames.pop_front() {
            state.bytes -= frame.len();
            self.0.release(frame.len());
            state.passed.0 += 1;
            state.passed.1 += frame.len() as u64;
            let waker = state.writer.take();
            drop(state);
            wake(waker);
            return Poll::Ready(Popped::Frame(frame));
        }
        if let Some(close) = state.writer_end.clone() {
            state.read = true;
            return Poll::Ready(Popped::End(close));
        }
        park(&mut state.reader, cx);
        Poll::Pending
    }

    /// Ends the reader: drops the queued frames and notifies the writer.
    pub(crate) fn cancel(&mut self, close: Close) {
        self.0.end_reader(close);
    }
}

impl PipeMonitor {
    /// Number of frames and bytes waiting for the reader.
    pub(crate) fn queued(&self) -> (usize, usize) {
        let state = self.0.lock();
        (state.frames.len(), state.bytes)
    }

    /// Number of frames and bytes that the reader has taken.
    pub(crate) fn passed(&self) -> (u64, u64) {
        self.0.lock().passed
    }

    /// The writer's end, if the reader has reached it.
    pub(crate) fn read_end(&self) -> Option<Close> {
        let state = self.0.lock();
        state.writer_end.clone().filter(|_| state.read)
    }

    /// The bounds of the pipe.
    pub(crate) fn limits(&self) -> PipeLimits {
        self.0.limits
    }

    /// Replaces a clean end of the writer, past or future, with `close`, unless the reader has
    /// already reached the end. Queued frames stay.
    pub(crate) fn spoil(&self, close: Close) {
        let mut state = self.0.lock();
        match &mut state.writer_end {
            Some(end) if end.is_clean() => *end = close,
            Some(_) => {}
            None => state.spoiled = Some(close),
        }
    }

    /// Stops both ends with `close` and drops the queued frames.
    ///
    /// If the writer has ended the stream and the reader has taken everything, `close` has no
    /// effect.
    pub(crate) fn stop(&self, close: Close) {
        let mut state = self.0.lock();
        if !state.frames.is_empty() {
            state.writer_end = None;
        }
        state.writer_end.get_or_insert_with(|| close.clone());
        state.reader_end.get_or_insert(close);
        state.frames.clear();
        self.0.release(std::mem::take(&mut state.bytes));
        let (writer, reader) = (state.writer.take(), state.reader.take());
        drop(state);
        wake(writer);
        wake(reader);
    }
}

#[cfg(feature = "engine")]
impl Drop for Shared {
    fn drop(&mut self) {
        // The frames that a dropped reader has not taken.
        let held = std::mem::take(
            &mut self
                .state
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner)
                .bytes,
        );
        self.release(held);
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        self.shared.end_writer(Close::WRITER_LOST);
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        self.0.end_reader(Close::READER_GONE);
    }
}

fn park(slot: &mut Option<Waker>, cx: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

#[cfg(test)]
mod tests;
