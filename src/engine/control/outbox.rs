use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::wire::{Close, Text};

/// Messages that wait for one worker at the most (`protocol.md` 1.4).
pub(in crate::engine) const OUTBOX_MESSAGES: usize = 64;
/// Bytes that wait for one worker at the most; a longer message passes alone.
const OUTBOX_BYTES: usize = 16 << 20;

/// The messages that wait to be sent to one worker: many sessions push, its own session pops.
#[derive(Default)]
pub(super) struct Outbox {
    /// Protects the queue for one push or pop.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Bounded by [`OUTBOX_MESSAGES`] and [`OUTBOX_BYTES`], except for [`Outbox::push_notice`].
    messages: VecDeque<Text>,
    bytes: usize,
    closed: Option<Close>,
    /// The session that sends.
    sender: Option<Waker>,
    /// Sessions that wait for room; one entry a session.
    waiting: Vec<Waker>,
}

/// The worker has gone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gone;

impl Outbox {
    /// Takes the message out of its place as soon as there is room.
    pub(super) fn poll_push(
        &self,
        cx: &mut Context<'_>,
        message: &mut Option<Text>,
    ) -> Poll<Result<(), Gone>> {
        let mut state = self.lock();
        if state.closed.is_some() {
            return Poll::Ready(Err(Gone));
        }
        if state.messages.len() >= OUTBOX_MESSAGES || state.bytes >= OUTBOX_BYTES {
            if !state.waiting.iter().any(|w| w.will_wake(cx.waker())) {
                state.waiting.push(cx.waker().clone());
            }
            return Poll::Pending;
        }
        Self::put(state, message.take());
        Poll::Ready(Ok(()))
    }

    /// Queues a message that nobody can wait with: the failure of an open call, whose executor has
    /// just gone. Bounded by the open calls of the worker.
    pub(super) fn push_notice(&self, message: Text) {
        let state = self.lock();
        if state.closed.is_none() {
            Self::put(state, Some(message));
        }
    }

    fn put(mut state: MutexGuard<'_, State>, message: Option<Text>) {
        let Some(message) = message else { return };
        state.bytes += message.len();
        state.messages.push_back(message);
        let sender = state.sender.take();
        drop(state);
        if let Some(waker) = sender {
            waker.wake();
        }
    }

    /// The next message to send; `Err` once the outbox was closed.
    pub(super) fn poll_pop(&self, cx: &mut Context<'_>) -> Poll<Result<Text, Close>> {
        let mut state = self.lock();
        if let Some(close) = &state.closed {
            return Poll::Ready(Err(close.clone()));
        }
        let Some(message) = state.messages.pop_front() else {
            match &mut state.sender {
                Some(waker) => waker.clone_from(cx.waker()),
                None => state.sender = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        };
        state.bytes -= message.len();
        // Not for each message, because all that wait wake for it; it comes to this, because the
        // sender goes on until nothing is left.
        let much = state.messages.len() > OUTBOX_MESSAGES / 2 || state.bytes > OUTBOX_BYTES / 2;
        let waiting = if much {
            Vec::new()
        } else {
            std::mem::take(&mut state.waiting)
        };
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(message))
    }

    /// Ends the session of the worker, and the wait of everybody for room. What is queued is
    /// dropped.
    pub(super) fn close(&self, close: Close) {
        let mut state = self.lock();
        state.closed.get_or_insert(close);
        state.messages = VecDeque::new();
        state.bytes = 0;
        let wakers = std::mem::take(&mut state.waiting)
            .into_iter()
            .chain(state.sender.take())
            .collect::<Vec<_>>();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use tokio_test::{assert_pending, assert_ready_eq, task};

    use super::{Gone, OUTBOX_BYTES, OUTBOX_MESSAGES, Outbox};
    use crate::wire::{Close, Text};

    fn push(outbox: &Outbox, message: Text) -> Poll<Result<(), Gone>> {
        task::spawn(()).enter(|cx, _| outbox.poll_push(cx, &mut Some(message)))
    }

    fn pop(outbox: &Outbox) -> Poll<Result<Text, Close>> {
        task::spawn(()).enter(|cx, _| outbox.poll_pop(cx))
    }

    #[test]
    fn both_bounds_hold_and_a_long_message_passes_alone() {
        let outbox = Outbox::default();
        for _ in 0..OUTBOX_MESSAGES {
            assert_ready_eq!(push(&outbox, "m".into()), Ok(()));
        }
        assert_pending!(push(&outbox, "m".into()));
        outbox.push_notice("n".into());
        let outbox = Outbox::default();
        let long = Text::from("m".repeat(OUTBOX_BYTES + 1));
        assert_ready_eq!(push(&outbox, long.clone()), Ok(()));
        assert_pending!(push(&outbox, "m".into()));
        assert_ready_eq!(pop(&outbox), Ok(long));
        assert_ready_eq!(push(&outbox, "m".into()), Ok(()));
    }

    #[test]
    fn all_that_wait_are_woken_when_half_is_free_and_the_sender_by_a_message() {
        let outbox = Outbox::default();
        let mut sender = task::spawn(poll_fn(|cx| outbox.poll_pop(cx)));
        assert_pending!(sender.poll());
        for _ in 0..OUTBOX_MESSAGES {
            outbox.push_notice("m".into());
        }
        assert!(sender.is_woken());
        let (mut a, mut b) = (Some("a".into()), Some("b".into()));
        let mut first = task::spawn(poll_fn(|cx| outbox.poll_push(cx, &mut a)));
        let mut second = task::spawn(poll_fn(|cx| outbox.poll_push(cx, &mut b)));
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        assert_ready_eq!(sender.poll(), Ok("m".into()));
        assert!(!first.is_woken() && !second.is_woken());
        for _ in 1..OUTBOX_MESSAGES / 2 {
            assert_ready_eq!(sender.poll(), Ok("m".into()));
        }
        assert!(first.is_woken() && second.is_woken());
        assert_ready_eq!(first.poll(), Ok(()));
        assert_ready_eq!(second.poll(), Ok(()));
    }

    #[test]
    fn closing_ends_every_wait() {
        let outbox = Outbox::default();
        outbox.push_notice("lost".into());
        outbox.close(Close::STOPPING);
        assert_ready_eq!(pop(&outbox), Err(Close::STOPPING));
        assert_ready_eq!(push(&outbox, "m".into()), Err(Gone));
        outbox.push_notice("lost".into());
        assert_ready_eq!(pop(&outbox), Err(Close::STOPPING));
    }
}
