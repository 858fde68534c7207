use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};

use super::super::SendError;
use super::coarse_clock::{self, CoarseClock};
use super::flush_policy::FlushPolicy;
use super::flush_timer::FlushTimer;
use super::wakers::{FlusherWaker, Wakers};
use crate::channel::WriteError;
use crate::channel::writer::{Outbox, Packer};
use crate::codec::Encode;
use crate::sync::{AtomicBool, Mutex, MutexExt, MutexGuard, TryLockError};
use crate::wire::{Abort, InBand, Text};

/// Number of ticks after which the next `send` also sends the waiting items.
const OLD: u64 = 2;

/// The state that a [`Sender`](super::super::Sender) shares with its flusher.
///
/// When an item is sent:
///
/// * An item that fills a frame sends that frame.
/// * If nothing else waits, `send` sends the item immediately if the [`FlushPolicy`] permits it.
///   It also does so if other items have waited for two milliseconds.
/// * All other items wait for more items. They set a [`FlushTimer`], and the flusher sends them
///   within two milliseconds.
pub(in crate::channel::items) struct ItemEncoder<F> {
    /// Protects the outbox while the sender or the flusher polls it; never held across an await.
    state: Mutex<State<F>>,
    /// Whether the outbox was ready after it was last used. This saves each item a second lock.
    ready: AtomicBool,
    wakers: Arc<Wakers>,
    /// Wakes both tasks. Both register this waker with the outbox, so that neither replaces the
    /// other's waker.
    both: Waker,
    /// Wakes only the flusher.
    flusher: Waker,
}

pub(in crate::channel::items) struct State<F> {
    pub(in crate::channel::items) outbox: Outbox,
    format: F,
    flush_policy: FlushPolicy,
    /// Items that wait for more items.
    rest: Option<PendingItems>,
    /// Whether the flusher is sending data that the connection did not accept immediately.
    pub(in crate::channel::items) flushing: bool,
    /// `None` without a flusher.
    flush_timer: Option<FlushTimer>,
    /// Whether the sender, and with it the flusher, has ended.
    pub(in crate::channel::items) over: bool,
}

struct PendingItems {
    /// The tick at which the first of these items arrived.
    since: u64,
    /// Number of payload bytes in complete frames when the first of these items arrived; it
    /// identifies the current frame.
    framed: u64,
    /// The value of `framed` when the flush timer last fired.
    seen: u64,
    _ticking: CoarseClock,
}

impl<F> State<F> {
    /// Whether the accepted item joins earlier ones without further work: their frame has room,
    /// they have not waited long, and the flush timer is set.
    #[inline]
    fn joins_others(&self) -> bool {
        let packer = self.outbox.packer();
        self.rest.as_ref().is_some_and(|rest| {
            rest.framed == packer.framed() && coarse_clock::now() < rest.since + OLD
        }) && self.flush_timer.as_ref().is_some_and(FlushTimer::is_set)
            && self.outbox.is_ready()
    }

    /// Whether messages from other sources can be sent. An outbox that is closed or has failed
    /// leaves them in the queue. Progress alone does not start a stream, because its metadata may
    /// still arrive.
    pub(in crate::channel::items) fn has_aside(&self) -> bool {
        let packer = self.outbox.packer();
        packer.message_queue().is_some_and(|message_queue| {
            if packer.is_draft() {
                message_queue.has_message()
            } else {
                self.outbox.is_ready() && !message_queue.is_empty()
            }
        })
    }

    /// Whether a heartbeat can be sent: the stream has started and not ended.
    pub(in crate::channel::items) fn has_begun(&self) -> bool {
        self.outbox.is_ready() && self.outbox.packer().has_begun()
    }
}

/// Sets the flush timer of a sender when a message is queued by another source.
struct FlushWaker<F>(Weak<ItemEncoder<F>>);

impl<F: Send + 'static> Wake for FlushWaker<F> {
    fn wake(self: Arc<Self>) {
        let Some(encoder) = self.0.upgrade() else {
            return;
        };
        match encoder.state.try_lock() {
            Ok(mut state) => encoder.set_alarm(&mut state),
            Err(TryLockError::Poisoned(state)) => encoder.set_alarm(&mut state.into_inner()),
            Err(TryLockError::WouldBlock) => encoder.flusher.wake_by_ref(),
        }
    }
}

impl<F> ItemEncoder<F> {
    /// Must be called within a runtime if `has_flusher` is set.
    pub(in crate::channel::items) fn new(outbox: Outbox, format: F, has_flusher: bool) -> Self {
        let wakers = Arc::new(Wakers::default());
        let state = State {
            outbox,
            format,
            flush_policy: FlushPolicy::new(coarse_clock::instant()),
            rest: None,
            flushing: false,
            flush_timer: has_flusher.then(FlushTimer::new),
            over: false,
        };
        Self {
            state: Mutex::new(state),
            ready: AtomicBool::new(false),
            both: Waker::from(Arc::clone(&wakers)),
            flusher: Waker::from(Arc::new(FlusherWaker(Arc::clone(&wakers)))),
            wakers,
        }
    }

    /// Also sends messages queued by other sources.
    pub(in crate::channel::items) fn send_aside(self: &Arc<Self>)
    where
        F: Send + 'static,
    {
        let state = self.lock();
        if let Some(message_queue) = state.outbox.packer().message_queue() {
            message_queue.wake_on_push(Waker::from(Arc::new(FlushWaker(Arc::downgrade(self)))));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<F>> {
        self.state.lock_unpoisoned()
    }

    /// Locks the state for the flusher without waiting; `None` while the sender holds it.
    pub(in crate::channel::items) fn try_lock(
        &self,
        flusher: &Waker,
    ) -> Option<MutexGuard<'_, State<F>>> {
        self.wakers.flusher.register(flusher);
        match self.state.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(state)) => Some(state.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Polls the outbox on behalf of the sender's task.
    pub(in crate::channel::items) fn poll<R>(
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

    /// Records whether the outbox is ready, and sets the flush timer for waiting items, before the
    /// lock is released.
    fn note(&self, state: &mut State<F>) {
        self.ready.store(state.outbox.is_ready(), Relaxed);
        if state.outbox.packer().is_empty() {
            state.rest = None;
            return;
        }
        let framed = state.outbox.packer().framed();
        match &mut state.rest {
            Some(rest) if rest.framed == framed => {}
            Some(rest) => (rest.since, rest.framed) = (coarse_clock::now(), framed),
            None => {
                let ticking = CoarseClock::start();
                state.rest = Some(PendingItems {
                    since: coarse_clock::now(),
                    framed,
                    seen: framed,
                    _ticking: ticking,
                });
            }
        }
        // The connection wakes a waiting sender and the flusher.
        if !state.outbox.is_waiting() && !state.flushing {
            self.set_alarm(state);
        }
    }

    fn set_alarm(&self, state: &mut State<F>) {
        if let Some(flush_timer) = &mut state.flush_timer
            && !flush_timer.is_set()
        {
            flush_timer.set(&self.flusher);
        }
    }

    /// Whether the outbox was ready after its last use.
    #[inline]
    pub(in crate::channel::items) fn is_ready(&self) -> bool {
        self.ready.load(Relaxed)
    }

    pub(in crate::channel::items) fn poll_ready(
        &self,
        cx: &Context<'_>,
    ) -> Poll<Result<(), WriteError>> {
        if self.is_ready() {
            return Poll::Ready(Ok(()));
        }
        self.poll(cx, Outbox::poll_ready)
    }

    /// Records that the waiting operation was dropped.
    pub(in crate::channel::items) fn stop_waiting(&self) {
        if !self.ready.load(Relaxed) {
            let mut state = self.lock();
            state.outbox.stop_waiting();
            self.note(&mut state);
        }
    }

    /// Accepts an item. Must follow a `poll_ready` that returned ready.
    pub(in crate::channel::items) fn push<T>(&self, item: T) -> Result<(), SendError<T>>
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

    /// Accepts a message. Must follow a `poll_ready` that returned ready.
    pub(in crate::channel::items) fn push_message(&self, text: Text) -> Result<(), WriteError> {
        self.accept(|state| state.outbox.push_message(text))
    }

    /// Accepts a message of the stream protocol. Must follow a `poll_ready` that returned ready.
    pub(in crate::channel::items) fn push_in_band(&self, message: &InBand) {
        self.accept(|state| state.outbox.push_in_band(message));
    }

    /// Accepts something with `push`, and sends whatever is due.
    fn accept<R>(&self, push: impl FnOnce(&mut State<F>) -> R) -> R {
        let mut state = self.lock();
        let pushed = push(&mut state);
        if state.joins_others() {
            return pushed;
        }
        let cx = &mut Context::from_waker(&self.both);
        state.outbox.drain_now(cx);
        Self::send_now(&mut state, cx);
        self.note(&mut state);
        pushed
    }

    /// Sends the waiting items if there is only one, or if they have waited long enough.
    fn send_now(state: &mut State<F>, cx: &mut Context<'_>) {
        let packer = state.outbox.packer();
        match &state.rest {
            Some(rest)
                if rest.framed == packer.framed() && coarse_clock::now() >= rest.since + OLD =>
            {
                Self::flush_idle(state, cx);
            }
            None if !packer.is_empty() => {
                let begun = coarse_clock::instant();
                // Without a flusher, nothing else would send it.
                if state.flush_policy.allows(begun) || state.flush_timer.is_none() {
                    Self::flush_idle(state, cx);
                    state.flush_policy.spend(begun, coarse_clock::instant());
                }
            }
            _ => {}
        }
    }

    /// Sends the waiting items. If this fails, the sender's next call returns the failure.
    fn flush_idle(state: &mut State<F>, cx: &mut Context<'_>) {
        let flushed = unconstrained(cx, |cx| state.outbox.poll_flush_idle(cx));
        state.flushing = flushed.is_pending();
        if flushed.is_ready() {
            state.rest = None;
        }
    }

    /// Runs the flusher after a wake-up. Sends a heartbeat if `beats` is set.
    pub(in crate::channel::items) fn flush(&self, state: &mut State<F>, beats: bool) {
        let rung = state
            .flush_timer
            .as_mut()
            .is_some_and(|flush_timer| flush_timer.has_rung(&self.flusher));
        if beats {
            state.outbox.push_in_band(&InBand::Heartbeat);
        }
        let framed = state.outbox.packer().framed();
        let is_old = match &mut state.rest {
            // A frame for which the timer was not set waits until the timer fires again.
            Some(rest) => rung && std::mem::replace(&mut rest.seen, framed) == framed,
            None => false,
        };
        // A waiting sender sends everything itself.
        let paused = !state.outbox.is_waiting();
        state.flushing &= paused;
        if beats || state.has_aside() || (paused && (is_old || state.flushing)) {
            Self::flush_idle(state, &mut Context::from_waker(&self.both));
            state.flush_policy.emptied(coarse_clock::instant());
        }
        self.note(state);
    }

    /// Waits until sending is no longer possible. Since no item will follow for now, waiting items
    /// are sent.
    pub(in crate::channel::items) fn poll_gone(&self, cx: &Context<'_>) -> Poll<WriteError> {
        self.poll(cx, |outbox, cx| {
            if !outbox.packer().is_empty() {
                // A failure is kept and returned below.
                let _ = outbox.poll_flush_idle(cx);
            }
            outbox.poll_gone(cx)
        })
    }

    /// Ends the sender: returns the unfinished outbox, if any, and stops the flusher.
    pub(in crate::channel::items) fn leave(&self) -> Option<Outbox> {
        let mut state = self.lock();
        state.over = true;
        let left = state.outbox.is_unfinished().then(|| state.outbox.take());
        state.rest = None;
        drop(state);
        self.flusher.wake_by_ref();
        left
    }

    pub(in crate::channel::items) fn set_head(&self, set: impl FnOnce(&mut Packer)) {
        set(self.lock().outbox.packer_mut());
    }

    pub(in crate::channel::items) fn with_outbox<R>(&self, read: impl FnOnce(&Outbox) -> R) -> R {
        read(&self.lock().outbox)
    }

    pub(in crate::channel::items) fn poll_abort(
        &self,
        cx: &Context<'_>,
        abort: &Abort,
    ) -> Poll<Result<(), WriteError>> {
        self.poll(cx, |outbox, cx| outbox.poll_abort(cx, abort))
    }
}

/// Polls without the task's cooperative budget, which the calling operation already uses.
fn unconstrained<R>(
    cx: &mut Context<'_>,
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<R>,
) -> Poll<R> {
    let polled = std::future::poll_fn(|cx| poll(cx));
    Future::poll(std::pin::pin!(tokio::task::coop::unconstrained(polled)), cx)
}
