mod reattaching;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::engine::worker_quota::{FREE, WorkerQuota};
use crate::sync::MutexExt;
use crate::transport::{Account, Receipts, SentLog};
use crate::wire::{Close, Text, code};

/// Cost of a message in bytes, in addition to its text.
const MESSAGE: usize = 256;

/// While a worker has this many unread bytes caused by its own messages, the engine reads nothing
/// from it.
const BEHIND: usize = 1 << 20;

/// The messages to be sent to one worker: many sessions push, its own session pops.
///
/// Bounded in bytes by its own limit and by the account of the worker. A message longer than the
/// limit is accepted if the queue is empty.
///
/// | state | what happens to a message without room |
/// |---|---|
/// | draining | waits as long as its session allows |
/// | stalled: a session has waited too long | is refused immediately, until half of the queue is free |
///
/// The queue outlives a lost connection while the worker may reattach. Its messages, and those that
/// were sent but may not have arrived, then move to the outbox of the next connection.
pub(in crate::engine::control) struct Outbox {
    /// Maximum length of a message that the worker accepts, in bytes.
    message_limit: AtomicUsize,
    /// Maximum number of waiting bytes.
    limit: usize,
    /// What the tables hold for the worker, and the account for its messages.
    worker_quota: WorkerQuota,
    account: Account,
    /// Protects the queue during one push or pop.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    messages: VecDeque<Waiting>,
    /// Bytes of the messages, with [`MESSAGE`] for each.
    bytes: usize,
    /// The number of these bytes that the worker itself has caused.
    own: usize,
    stalled: bool,
    closed: Option<Close>,
    /// What was sent on the connection and received on it, if its calls survive it.
    log: Option<SentLog>,
    receipts: Receipts,
    /// Whether the connection has ended, or its session has to end, while the queue is kept.
    detached: bool,
    /// The outbox of the worker's next connection, which took the messages over.
    successor: Option<Arc<Outbox>>,
    /// The waker of the session that sends.
    sender: Option<Waker>,
    /// Sessions that wait for room; one entry per session.
    waiting: Vec<Waker>,
}

struct Waiting {
    message: Text,
    /// Whether the worker itself has caused the message: it is an answer of the engine.
    own: bool,
}

impl Waiting {
    fn bytes(&self) -> usize {
        self.message.len() + MESSAGE
    }
}

/// Why a message is not queued.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::engine::control) enum NotQueued {
    /// The worker has disconnected.
    #[error("the worker has gone")]
    Gone,
    /// The worker has another outbox now.
    #[error("the worker has a newer connection")]
    Moved(Successor),
    /// The message exceeds the worker's limit.
    #[error("the message has {len} bytes, over the limit of {limit} bytes of the worker it is for")]
    TooLong { len: usize, limit: usize },
    /// The worker does not read.
    #[error("{waiting} bytes wait for the worker already, which reads too slowly")]
    Full { waiting: usize },
}

/// The outbox of a worker's next connection.
pub(in crate::engine::control) struct Successor(Arc<Outbox>);

impl fmt::Debug for Successor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Successor")
    }
}

impl PartialEq for Successor {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Successor {}

impl Outbox {
    /// Creates an outbox of `limit` bytes, charged to the account of `worker_quota`, for a worker
    /// that accepts messages of `message_limit` bytes.
    pub(in crate::engine::control) fn new(
        limit: usize,
        message_limit: usize,
        worker_quota: WorkerQuota,
    ) -> Self {
        Self {
            message_limit: AtomicUsize::new(message_limit),
            limit,
            account: worker_quota.account(),
            worker_quota,
            state: Mutex::default(),
        }
    }

    /// Keeps what is sent until the worker has received it, because its calls survive the
    /// connection.
    pub(in crate::engine::control) fn logged(mut self) -> Self {
        let state = self.state.get_mut();
        state.unwrap_or_else(PoisonError::into_inner).log = Some(SentLog::default());
        self
    }

    /// What the tables hold for the worker.
    pub(in crate::engine::control) fn worker_quota(&self) -> &WorkerQuota {
        &self.worker_quota
    }

    /// Maximum length of a message that the worker accepts, in bytes.
    pub(in crate::engine::control) fn message_limit(&self) -> usize {
        self.message_limit.load(Ordering::Relaxed)
    }

    /// Sets the worker's message limit in bytes.
    pub(in crate::engine::control) fn limit_messages(&self, bytes: usize) {
        self.message_limit.store(bytes, Ordering::Relaxed);
    }

    /// Takes the message as soon as there is room, or refuses it. `own` states that the worker
    /// itself has caused it.
    pub(in crate::engine::control) fn poll_push(
        &self,
        cx: &mut Context<'_>,
        message: &mut Option<Text>,
        own: bool,
    ) -> Poll<Result<(), NotQueued>> {
        let Some(len) = message.as_ref().map(Text::len) else {
            return Poll::Ready(Ok(()));
        };
        let mut state = match self.open_for(len) {
            Ok(state) => state,
            Err(NotQueued::Moved(Successor(next))) => return next.poll_push(cx, message, own),
            Err(refused) => return Poll::Ready(Err(refused)),
        };
        let waiting = state.bytes;
        if waiting > 0 && waiting + len + MESSAGE > self.limit {
            if state.stalled {
                return Poll::Ready(Err(NotQueued::Full { waiting }));
            }
            if !state.waiting.iter().any(|w| w.will_wake(cx.waker())) {
                state.waiting.push(cx.waker().clone());
            }
            return Poll::Pending;
        }
        // Other workers hold the rest, so this worker could not free it by reading.
        let free = waiting + len + MESSAGE <= FREE;
        if !free && len + MESSAGE > self.account.room() {
            return Poll::Ready(Err(NotQueued::Full { waiting }));
        }
        if let Some(message) = message.take() {
            self.put(state, Waiting { message, own });
        }
        Poll::Ready(Ok(()))
    }

    /// Queues a message immediately, however many wait already. Used for the engine's first message
    /// and for the result of an open call. Bounded by the open calls and the functions of the
    /// worker.
    pub(in crate::engine::control) fn push_now(&self, message: Text) -> Result<(), NotQueued> {
        let state = match self.open_for(message.len()) {
            Err(NotQueued::Moved(Successor(next))) => return next.push_now(message),
            opened => opened?,
        };
        let own = false;
        self.put(state, Waiting { message, own });
        Ok(())
    }

    /// Locks the queue for a message of `len` bytes. Every message passes here, so none exceeds the
    /// worker's limit.
    fn open_for(&self, len: usize) -> Result<MutexGuard<'_, State>, NotQueued> {
        let limit = self.message_limit();
        if len > limit {
            return Err(NotQueued::TooLong { len, limit });
        }
        let state = self.lock();
        if let Some(next) = &state.successor {
            return Err(NotQueued::Moved(Successor(Arc::clone(next))));
        }
        if state.closed.is_some() {
            return Err(NotQueued::Gone);
        }
        Ok(state)
    }

    fn put(&self, mut state: MutexGuard<'_, State>, waiting: Waiting) {
        let bytes = waiting.bytes();
        self.account.add(bytes);
        state.bytes += bytes;
        if waiting.own {
            state.own += bytes;
        }
        state.messages.push_back(waiting);
        let sender = state.sender.take();
        drop(state);
        if let Some(waker) = sender {
            waker.wake();
        }
    }

    /// Records that a session has waited long enough. Waiting and new messages are refused until
    /// the worker has read half of the maximum.
    pub(in crate::engine::control) fn stalled(&self) {
        let mut state = self.lock();
        state.stalled = true;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Whether the worker must read its messages before the engine reads more from it.
    pub(in crate::engine::control) fn is_behind(&self) -> bool {
        let state = self.lock();
        state.own > BEHIND || (state.own > FREE && self.account.room() == 0)
    }

    /// Returns the next message to send; `Err` once the outbox was closed.
    pub(in crate::engine::control) fn poll_pop(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Text, Close>> {
        let mut state = self.lock();
        if let Some(close) = &state.closed {
            return Poll::Ready(Err(close.clone()));
        }
        if state.detached {
            return Poll::Ready(Err(replaced()));
        }
        let Some(popped) = state.messages.pop_front() else {
            match &mut state.sender {
                Some(waker) => waker.clone_from(cx.waker()),
                None => state.sender = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        };
        let bytes = popped.bytes();
        state.bytes -= bytes;
        if popped.own {
            state.own -= bytes;
        }
        self.account.sub(bytes);
        self.log(&mut state, &popped.message);
        // Waking after each message would wake all waiting sessions for it. This point is always
        // reached, because the session sends until the queue is empty.
        let waiting = if state.bytes > self.limit / 2 {
            Vec::new()
        } else {
            state.stalled = false;
            std::mem::take(&mut state.waiting)
        };
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(popped.message))
    }

    /// Ends the session of the worker, and every wait for room. Drops the queued messages.
    pub(in crate::engine::control) fn close(&self, close: Close) {
        let mut state = self.lock();
        state.closed.get_or_insert(close);
        state.messages = VecDeque::new();
        state.own = 0;
        self.account.sub(std::mem::take(&mut state.bytes));
        let log = state.log.take();
        self.account.sub(log.map_or(0, |log| log.bytes()));
        let wakers = std::mem::take(&mut state.waiting)
            .into_iter()
            .chain(state.sender.take())
            .collect::<Vec<_>>();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under the lock can panic.
        self.state.lock_unpoisoned()
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        let state = state.unwrap_or_else(PoisonError::into_inner);
        let logged = state.log.as_ref().map_or(0, SentLog::bytes);
        self.account.sub(state.bytes + logged);
    }
}

/// Why the session of a connection ends when a newer one takes over; not 1000 or 1001, see
/// [`code::RESTART`].
pub(in crate::engine::control) fn replaced() -> Close {
    Close::new(code::RESTART, "a newer connection took over")
}

/// Without bounds, for tests of tables.
#[cfg(test)]
impl Default for Outbox {
    fn default() -> Self {
        let budget = crate::transport::Budget::new(usize::MAX);
        Self::new(usize::MAX, usize::MAX, WorkerQuota::of(&budget))
    }
}
