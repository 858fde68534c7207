use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};

use futures::task::AtomicWaker;

use super::SendError;
use super::alarm::Alarm;
use super::allowance::Allowance;
use super::ticks::{self, Ticking};
use crate::channel::WriteError;
use crate::channel::writer::Outbox;
use crate::codec::Encode;
use crate::sync::{AtomicBool, Mutex, MutexGuard, PoisonError, TryLockError};
use crate::wire::{Abort, InBand, Text};

/// How many ticks an item waits for others before the next `send` sends it.
const OLD: u64 = 2;

/// The sending half that a [`Sender`](super::Sender) shares with its flusher.
///
/// When an item goes out:
///
/// * A full frame goes out with the item that fills it.
/// * An item that finds nothing waiting is handed over by `send` itself, as far as its
///   [`Allowance`] goes. So does one that finds items that have waited for two milliseconds.
/// * What is left waits for the next items. It sets an [`Alarm`], and the flusher sends it within
///   two milliseconds.
pub(super) struct Encoding<F> {
    /// Protects the outbox while one of the two polls it; never held across an await.
    state: Mutex<State<F>>,
    /// Whether the outbox was ready when one of the two had it last, so that an item need not lock
    /// it once more to ask.
    ready: AtomicBool,
    wakers: Arc<Wakers>,
    /// Wakes both; whoever polls the outbox registers this one, so that neither takes the
    /// other's place.
    both: Waker,
    /// Wakes the flusher alone.
    flusher: Waker,
}

pub(super) struct State<F> {
    pub(super) outbox: Outbox,
    format: F,
    allowance: Allowance,
    /// Items that wait for others.
    rest: Option<Rest>,
    /// The flusher tries to send what the connection does not take now.
    pub(super) flushing: bool,
    /// `None` without a flusher.
    alarm: Option<Alarm>,
    /// The sender has gone, and its flusher with it.
    pub(super) over: bool,
}

struct Rest {
    /// The tick at which the first of them came.
    since: u64,
    /// Payload bytes in frames by then: it tells one frame from the next.
    framed: u64,
    /// What was seen by the flusher when its alarm rang last.
    seen: u64,
    _ticking: Ticking,
}

impl<F> State<F> {
    /// Whether others put something in that can go out. An outbox that is closed or has failed
    /// leaves it where it is.
    pub(super) fn has_aside(&self) -> bool {
        let aside = self.outbox.packer().aside();
        self.outbox.is_ready() && aside.is_some_and(|aside| !aside.is_empty())
    }

    /// Whether a sign of life can go out: the stream has begun, and is not over.
    pub(super) fn has_begun(&self) -> bool {
        self.outbox.is_ready() && self.outbox.packer().has_begun()
    }
}

/// The two tasks that wait for the connection.
struct Wakers {
    sender: AtomicWaker,
    flusher: AtomicWaker,
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.sender.wake();
        self.flusher.wake();
    }
}

/// Wakes the flusher of these alone.
struct Flusher(Arc<Wakers>);

impl Wake for Flusher {
    fn wake(self: Arc<Self>) {
        self.0.flusher.wake();
    }
}

/// Sets the alarm of a sender for what others put in.
struct Bell<F>(Weak<Encoding<F>>);

impl<F: Send + 'static> Wake for Bell<F> {
    fn wake(self: Arc<Self>) {
        let Some(encoding) = self.0.upgrade() else {
            return;
        };
        match encoding.state.try_lock() {
            Ok(mut state) => encoding.set_alarm(&mut state),
            Err(TryLockError::Poisoned(state)) => encoding.set_alarm(&mut state.into_inner()),
            Err(TryLockError::WouldBlock) => encoding.flusher.wake_by_ref(),
        }
    }
}

impl<F> Encoding<F> {
    /// With `has_flusher` within a runtime, for a sender with a task that flushes.
    pub(super) fn new(outbox: Outbox, format: F, has_flusher: bool) -> Self {
        let wakers = Arc::new(Wakers {
            sender: AtomicWaker::new(),
            flusher: AtomicWaker::new(),
        });
        let state = State {
            outbox,
            format,
            allowance: Allowance::new(ticks::instant()),
            rest: None,
            flushing: false,
            alarm: has_flusher.then(Alarm::new),
            over: false,
        };
        Self {
            state: Mutex::new(state),
            ready: AtomicBool::new(false),
            both: Waker::from(Arc::clone(&wakers)),
            flusher: Waker::from(Arc::new(Flusher(Arc::clone(&wakers)))),
            wakers,
        }
    }

    /// Sends what others put in, too.
    pub(super) fn send_aside(self: &Arc<Self>)
    where
        F: Send + 'static,
    {
        let state = self.lock();
        if let Some(aside) = state.outbox.packer().aside() {
            aside.wake_on_push(Waker::from(Arc::new(Bell(Arc::downgrade(self)))));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state for the flusher, which does not wait for it: `None` while the sender has it.
    pub(super) fn try_lock(&self, flusher: &Waker) -> Option<MutexGuard<'_, State<F>>> {
        self.wakers.flusher.register(flusher);
        match self.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(state)) => Some(state.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Polls the outbox for the sender's task.
    pub(super) fn poll<R>(
        &self,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut Outbox, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        self.wakers.sender.register(cx.waker());
        let mut state = self.lock();
        let polled = poll(&mut state.outbox, &mut Context::from_waker(&self.both));
        self.note(&mut state);
        polled
    }

    /// Notes whether the outbox is ready, and sets the alarm for what waits, before it is unlocked.
    fn note(&self, state: &mut State<F>) {
        self.ready.store(state.outbox.is_ready(), Relaxed);
        if state.outbox.packer().is_empty() {
            state.rest = None;
            return;
        }
        let framed = state.outbox.packer().framed();
        match &mut state.rest {
            Some(rest) if rest.framed == framed => {}
            Some(rest) => (rest.since, rest.framed) = (ticks::now(), framed),
            None => {
                let ticking = Ticking::start();
                state.rest = Some(Rest {
                    since: ticks::now(),
                    framed,
                    seen: framed,
                    _ticking: ticking,
                });
            }
        }
        // A sender that waits, and a flusher, are woken by the connection.
        if !state.outbox.is_waiting() && !state.flushing {
            self.set_alarm(state);
        }
    }

    fn set_alarm(&self, state: &mut State<F>) {
        if let Some(alarm) = &mut state.alarm
            && !alarm.is_set()
        {
            alarm.set(&self.flusher);
        }
    }

    pub(super) fn poll_ready(&self, cx: &Context<'_>) -> Poll<Result<(), WriteError>> {
        if self.ready.load(Relaxed) {
            return Poll::Ready(Ok(()));
        }
        self.poll(cx, Outbox::poll_ready)
    }

    /// The operation that waited was given up.
    pub(super) fn stop_waiting(&self) {
        if !self.ready.load(Relaxed) {
            let mut state = self.lock();
            state.outbox.stop_waiting();
            self.note(&mut state);
        }
    }

    /// Accepts an item. To follow a `poll_ready` that was ready.
    pub(super) fn push<T>(&self, item: T) -> Result<(), SendError<T>>
    where
        F: Encode<T>,
    {
        self.accept(|state| {
            let State { outbox, format, .. } = state;
            outbox
                .push_item(|out| format.encode(item, out))
                .map_err(|error| SendError::format(outbox.report().items, error.error, error.item))
        })
    }

    /// Accepts a message. To follow a `poll_ready` that was ready.
    pub(super) fn push_message(&self, text: Text) -> Result<(), WriteError> {
        self.accept(|state| state.outbox.push_message(text))
    }

    /// Accepts a message of the stream protocol. To follow a `poll_ready` that was ready.
    pub(super) fn push_in_band(&self, message: &InBand) {
        self.accept(|state| state.outbox.push_in_band(message));
    }

    /// Accepts something by `push`, and sends what is to be sent now.
    fn accept<R>(&self, push: impl FnOnce(&mut State<F>) -> R) -> R {
        let mut state = self.lock();
        let pushed = push(&mut state);
        let cx = &mut Context::from_waker(&self.both);
        state.outbox.drain_now(cx);
        Self::send_now(&mut state, cx);
        self.note(&mut state);
        pushed
    }

    /// Hands over what is there if it is alone, or has waited for others long enough.
    fn send_now(state: &mut State<F>, cx: &mut Context<'_>) {
        let packer = state.outbox.packer();
        match &state.rest {
            Some(rest) if rest.framed == packer.framed() && ticks::now() >= rest.since + OLD => {
                Self::flush_idle(state, cx);
            }
            None if !packer.is_empty() => {
                let begun = ticks::instant();
                // Without a flusher nobody else sends it.
                if state.allowance.allows(begun) || state.alarm.is_none() {
                    Self::flush_idle(state, cx);
                    state.allowance.spend(begun, ticks::instant());
                }
            }
            _ => {}
        }
    }

    /// Sends what is there. A failure is kept, and the sender's next call gives it.
    fn flush_idle(state: &mut State<F>, cx: &mut Context<'_>) {
        let flushed = unconstrained(cx, |cx| state.outbox.poll_flush_idle(cx));
        state.flushing = flushed.is_pending();
        if flushed.is_ready() {
            state.rest = None;
        }
    }

    /// What the flusher does when it was woken; with a sign of life if `beats`.
    pub(super) fn flush(&self, state: &mut State<F>, beats: bool) {
        let rung = state
            .alarm
            .as_mut()
            .is_some_and(|alarm| alarm.has_rung(&self.flusher));
        if beats {
            state.outbox.push_in_band(&InBand::Heartbeat);
        }
        let framed = state.outbox.packer().framed();
        let is_old = match &mut state.rest {
            // A frame that the alarm was not set for is left alone until it rings again.
            Some(rest) => rung && std::mem::replace(&mut rest.seen, framed) == framed,
            None => false,
        };
        // A sender that waits sends everything itself.
        let paused = !state.outbox.is_waiting();
        state.flushing &= paused;
        if beats || state.has_aside() || (paused && (is_old || state.flushing)) {
            Self::flush_idle(state, &mut Context::from_waker(&self.both));
            state.allowance.emptied(ticks::instant());
        }
        self.note(state);
    }

    /// Waits until there is no use in sending. Nothing more comes for now, so what is there is sent.
    pub(super) fn poll_gone(&self, cx: &Context<'_>) -> Poll<WriteError> {
        self.poll(cx, |outbox, cx| {
            if !outbox.packer().is_empty() {
                // A failure is kept, and is the answer below.
                let _ = outbox.poll_flush_idle(cx);
            }
            outbox.poll_gone(cx)
        })
    }

    /// Gives up the stream: takes what is left for a farewell, and lets the flusher end.
    pub(super) fn leave(&self) -> Option<Outbox> {
        let mut state = self.lock();
        state.over = true;
        let left = state.outbox.is_unfinished().then(|| state.outbox.take());
        state.rest = None;
        drop(state);
        self.flusher.wake_by_ref();
        left
    }

    pub(super) fn with_outbox<R>(&self, read: impl FnOnce(&Outbox) -> R) -> R {
        read(&self.lock().outbox)
    }

    pub(super) fn poll_abort(
        &self,
        cx: &Context<'_>,
        abort: &Abort,
    ) -> Poll<Result<(), WriteError>> {
        self.poll(cx, |outbox, cx| outbox.poll_abort(cx, abort))
    }
}

/// Polls without regard to the budget of the task, which the operation itself has taken part in.
fn unconstrained<R>(
    cx: &mut Context<'_>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<R>,
) -> Poll<R> {
    let polled = std::future::poll_fn(|cx| poll(cx));
    Future::poll(std::pin::pin!(tokio::task::coop::unconstrained(polled)), cx)
}
