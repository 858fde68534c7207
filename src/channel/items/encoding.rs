use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures::task::AtomicWaker;

use super::SendError;
use crate::channel::WriteError;
use crate::channel::writer::Outbox;
use crate::codec::Encode;
use crate::wire::{Abort, InBand, Text};

/// The sending half that a [`Sender`](super::Sender) shares with its flusher.
pub(super) struct Encoding<F> {
    /// Protects the outbox while one of the two polls it; never held across an await.
    state: Mutex<State<F>>,
    wakers: Arc<Wakers>,
    /// Wakes both; whoever polls the outbox registers this one, so that neither takes the
    /// other's place.
    both: Waker,
}

struct State<F> {
    outbox: Outbox,
    format: F,
    /// Counts calls that accepted something, so that the flusher sees whether the sender is busy.
    accepted: u64,
    /// Whether the flusher looks on; if not it has to be woken.
    watched: bool,
    /// The sender has gone, and its flusher with it.
    over: bool,
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
        outbox.wake_by_aside(&both);
        let state = State {
            outbox,
            format,
            accepted: 0,
            watched: false,
            over: false,
        };
        Self {
            state: Mutex::new(state),
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
        poll(
            &mut self.lock().outbox,
            &mut Context::from_waker(&self.both),
        )
    }

    pub(super) fn poll_ready(&self, cx: &Context<'_>) -> Poll<Result<(), WriteError>> {
        if self.lock().outbox.is_ready() {
            return Poll::Ready(Ok(()));
        }
        self.poll(cx, Outbox::poll_ready)
    }

    /// Accepts an item. To follow a `poll_ready` that was ready.
    pub(super) fn push<T>(&self, item: T) -> Result<(), SendError<T>>
    where
        F: Encode<T>,
    {
        let mut state = self.lock();
        let State { outbox, format, .. } = &mut *state;
        let pushed = outbox.push_item(|out| format.encode(item, out));
        self.accepted(state);
        pushed.map_err(|error| SendError::format(error.error, error.item))
    }

    /// Accepts a message. To follow a `poll_ready` that was ready.
    pub(super) fn push_message(&self, text: Text) -> Result<(), WriteError> {
        let mut state = self.lock();
        let pushed = state.outbox.push_message(text);
        self.accepted(state);
        pushed
    }

    /// Accepts a message of the stream protocol. To follow a `poll_ready` that was ready.
    pub(super) fn push_in_band(&self, message: &InBand) {
        let mut state = self.lock();
        state.outbox.push_in_band(message);
        self.accepted(state);
    }

    fn accepted(&self, mut state: MutexGuard<'_, State<F>>) {
        state.outbox.drain_now(&mut Context::from_waker(&self.both));
        state.accepted += 1;
        let asleep = !std::mem::replace(&mut state.watched, true);
        drop(state);
        if asleep {
            self.wakers.flusher.wake();
        }
    }

    /// Gives up the stream: takes what is left for a farewell, and lets the flusher end.
    pub(super) fn leave(&self) -> Option<Outbox> {
        let mut state = self.lock();
        state.over = true;
        let left = state.outbox.is_unfinished().then(|| state.outbox.take());
        drop(state);
        self.wakers.flusher.wake();
        left
    }

    pub(super) fn with_outbox<R>(&self, read: impl FnOnce(&Outbox) -> R) -> R {
        read(&self.lock().outbox)
    }

    /// Sends what is there whenever the sender pauses, until the sender has gone.
    ///
    /// The first look after a pause sends at once, so that a single item is not held back. Then
    /// it looks on, giving way in between: while the sender is busy the frame is left to fill,
    /// and once nothing has come since the last look it is sent. With nothing left to send the
    /// flusher sleeps until the next item, or until others put something in that is to go out
    /// beside the items. There is no timer: a look is a turn of the scheduler.
    pub(super) async fn flush_when_idle(&self) {
        let mut seen = None;
        poll_fn(|cx| {
            self.wakers.flusher.register(cx.waker());
            let mut state = self.lock();
            if state.over {
                return Poll::Ready(());
            }
            if !state.watched && !state.outbox.has_aside() {
                seen = None;
                return Poll::Pending;
            }
            let busy = seen.is_some_and(|seen| seen != state.accepted);
            let idle = seen == Some(state.accepted);
            seen = Some(state.accepted);
            if !busy {
                match state
                    .outbox
                    .poll_flush_idle(&mut Context::from_waker(&self.both))
                {
                    Poll::Pending => return Poll::Pending,
                    // A failure is kept, and the sender's next call gives it.
                    Poll::Ready(_) if idle => {
                        state.watched = false;
                        seen = None;
                        return Poll::Pending;
                    }
                    Poll::Ready(_) => {}
                }
            }
            drop(state);
            cx.waker().wake_by_ref();
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
