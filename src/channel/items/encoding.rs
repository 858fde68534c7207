use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use futures::task::AtomicWaker;

use super::SendError;
use super::beat::Beat;
use super::pause::{Step, TICK, Watch};
use super::pulse::Pulse;
use crate::channel::WriteError;
use crate::channel::writer::Outbox;
use crate::codec::Encode;
use crate::sync::{AtomicBool, Mutex, MutexGuard, PoisonError, Sleep, TryLockError, sleep};
use crate::wire::{Abort, InBand, Text};

/// The sending half that a [`Sender`](super::Sender) shares with its flusher.
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
}

struct State<F> {
    outbox: Outbox,
    format: F,
    pulse: Pulse,
    /// Whether the flusher looks on; if not it has to be woken.
    watched: bool,
    /// The sender has gone, and its flusher with it.
    over: bool,
}

impl<F> State<F> {
    /// Whether others put something in that can go out. An outbox that is closed or has failed
    /// leaves it where it is.
    fn has_aside(&self) -> bool {
        let aside = self.outbox.packer().aside();
        self.outbox.is_ready() && aside.is_some_and(|aside| !aside.is_empty())
    }

    /// Whether a sign of life can go out: the stream has begun, and is not over.
    fn has_begun(&self) -> bool {
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

impl<F> Encoding<F> {
    pub(super) fn new(outbox: Outbox, format: F) -> Self {
        let wakers = Arc::new(Wakers {
            sender: AtomicWaker::new(),
            flusher: AtomicWaker::new(),
        });
        let both = Waker::from(Arc::clone(&wakers));
        if let Some(aside) = outbox.packer().aside() {
            aside.wake_on_push(both.clone());
        }
        let state = State {
            outbox,
            format,
            pulse: Pulse::new(),
            watched: false,
            over: false,
        };
        Self {
            state: Mutex::new(state),
            ready: AtomicBool::new(false),
            wakers,
            both,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.note(&state);
        polled
    }

    /// Notes whether the outbox is ready, before it is unlocked.
    fn note(&self, state: &State<F>) {
        self.ready.store(state.outbox.is_ready(), Relaxed);
    }

    pub(super) fn poll_ready(&self, cx: &Context<'_>) -> Poll<Result<(), WriteError>> {
        if self.ready.load(Relaxed) {
            return Poll::Ready(Ok(()));
        }
        let ready = self.poll(cx, Outbox::poll_ready);
        if ready.is_pending() {
            self.lock().pulse.waits();
        }
        ready
    }

    /// Accepts an item. To follow a `poll_ready` that was ready.
    pub(super) fn push<T>(&self, item: T) -> Result<(), SendError<T>>
    where
        F: Encode<T>,
    {
        self.accept(|state| {
            let State { outbox, format, .. } = state;
            outbox.push_item(|out| format.encode(item, out))
        })
        .map_err(|error| SendError::format(error.error, error.item))
    }

    /// Accepts a message. To follow a `poll_ready` that was ready.
    pub(super) fn push_message(&self, text: Text) -> Result<(), WriteError> {
        self.accept(|state| state.outbox.push_message(text))
    }

    /// Accepts a message of the stream protocol. To follow a `poll_ready` that was ready.
    pub(super) fn push_in_band(&self, message: &InBand) {
        self.accept(|state| state.outbox.push_in_band(message));
    }

    /// Accepts something by `push`, and wakes the flusher if it does not look or should look now.
    fn accept<R>(&self, push: impl FnOnce(&mut State<F>) -> R) -> R {
        let mut state = match self.state.try_lock() {
            Ok(mut state) => {
                if state.outbox.packer().is_empty() {
                    state.pulse.begins();
                }
                state
            }
            // The flusher is sending, so the item before this one is not long ago.
            Err(_) => self.lock(),
        };
        let pushed = push(&mut state);
        state.outbox.drain_now(&mut Context::from_waker(&self.both));
        if state.outbox.packer().is_empty() {
            state.pulse.empties();
        }
        state.pulse.accepts();
        let asleep = !std::mem::replace(&mut state.watched, true);
        let wakes = asleep || state.pulse.is_alone();
        self.note(&state);
        drop(state);
        if wakes {
            self.wakers.flusher.wake();
        }
        pushed
    }

    /// Gives up the stream: takes what is left for a farewell, and lets the flusher end.
    pub(super) fn leave(&self) -> Option<Outbox> {
        let mut state = self.lock();
        state.over = true;
        let left = state.outbox.is_unfinished().then(|| state.outbox.take());
        self.note(&state);
        drop(state);
        self.wakers.flusher.wake();
        left
    }

    pub(super) fn with_outbox<R>(&self, read: impl FnOnce(&Outbox) -> R) -> R {
        read(&self.lock().outbox)
    }

    /// Sends what is there whenever the sender pauses, until the sender has gone.
    ///
    /// The first look after a pause sends at once, so that a single item is not held back; with
    /// nothing left to send the flusher sleeps until the next item, or until others put something
    /// in that is to go out beside the items. In between [`Watch`] decides.
    ///
    /// A sender that has nothing to say gives the signs of life that `beat` asks for.
    pub(super) async fn flush_when_idle(&self, mut beat: Option<Beat>) {
        let mut watch = Watch::Asleep;
        let mut tick = pin!(None::<Sleep>);
        poll_fn(|cx| {
            self.wakers.flusher.register(cx.waker());
            loop {
                let mut state = match self.state.try_lock() {
                    Ok(state) => state,
                    Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                    // The sender is at it on another thread, so it is busy. To wait for it here
                    // would block this one.
                    Err(TryLockError::WouldBlock) => {
                        tick.set(Some(sleep(TICK)));
                        if tick
                            .as_mut()
                            .as_pin_mut()
                            .is_some_and(|tick| tick.poll(cx).is_pending())
                        {
                            break;
                        }
                        continue;
                    }
                };
                if state.over {
                    return Poll::Ready(());
                }
                if !state.watched && !state.has_aside() {
                    let sent = state.outbox.packer().framed();
                    let due = beat.as_mut().is_some_and(|beat| beat.is_due(cx, sent));
                    if !due || !state.has_begun() {
                        break;
                    }
                    state.outbox.push_in_band(&InBand::Heartbeat);
                }
                state.watched = true;
                if let Some(tick_over) = tick.as_mut().as_pin_mut() {
                    if !state.pulse.is_alone() && tick_over.poll(cx).is_pending() {
                        break;
                    }
                    tick.set(None);
                }
                let framed = state.outbox.packer().framed();
                let seen = state.pulse.look(framed);
                match watch.look(Instant::now(), seen) {
                    Step::Flush => {
                        let mut both = Context::from_waker(&self.both);
                        // A failure is kept, and the sender's next call gives it.
                        let flushed = state.outbox.poll_flush_idle(&mut both);
                        self.note(&state);
                        if flushed.is_pending() {
                            break;
                        }
                        watch.sent();
                        state.pulse.empties();
                        break cx.waker().wake_by_ref();
                    }
                    Step::Look => break cx.waker().wake_by_ref(),
                    Step::Tick => tick.set(Some(sleep(TICK))),
                    // Looks once more for what others put in meanwhile.
                    Step::Sleep => state.watched = false,
                }
            }
            Poll::Pending
        })
        .await;
    }

    pub(super) fn poll_abort(
        &self,
        cx: &Context<'_>,
        abort: &Abort,
    ) -> Poll<Result<(), WriteError>> {
        self.poll(cx, |outbox, cx| outbox.poll_abort(cx, abort))
    }
}
