use std::sync::Arc;
use std::task::Waker;

use super::{FREE, NotQueued, Outbox, State, Successor, Waiting};
use crate::wire::{Text, is_part_of_call};

/// The transition of an outbox from one connection of its worker to the next.
impl Outbox {
    /// Counts a message of `len` bytes from the worker, before it is handled. `Err` if the session
    /// has to end without handling it; `Ok(Some(count))` if an acknowledgement is due.
    pub(in crate::engine::control) fn received(&self, len: usize) -> Result<Option<u64>, ()> {
        let mut state = self.lock();
        if state.detached {
            return Err(());
        }
        if state.log.is_none() {
            return Ok(None);
        }
        Ok(state.receipts.received(len))
    }

    /// The worker has received the first `count` messages of its connection.
    pub(in crate::engine::control) fn acknowledge(&self, count: u64) {
        let mut state = self.lock();
        let freed = state.log.as_mut().map_or(0, |log| log.acknowledge(count));
        self.account.sub(freed);
    }

    /// Keeps a message that is being sent, as far as there is room. The oldest is dropped first: its
    /// calls do not survive a loss of the connection.
    pub(super) fn log(&self, state: &mut State, message: &Text) {
        let Some(log) = &mut state.log else { return };
        self.account
            .add(log.sent(message, is_part_of_call(message)));
        while log.bytes() > self.limit || (log.bytes() > FREE && self.account.room() == 0) {
            self.account.sub(log.shed());
        }
    }

    /// Whether the worker may reattach and would miss something otherwise.
    pub(in crate::engine::control) fn owes(&self) -> bool {
        let state = self.lock();
        let parts = state.log.as_ref().is_some_and(|log| log.bytes() > 0);
        parts || state.messages.iter().any(Waiting::is_part_of_call)
    }

    /// Ends the session of the connection and keeps the queue. Returns the number of messages that
    /// arrived on the connection, or `None` if the calls do not survive: the worker has received
    /// `received` messages, and a later one was dropped.
    pub(in crate::engine::control) fn detach(&self, received: u64) -> Option<u64> {
        let mut state = self.lock();
        if !state.log.as_ref()?.covers(received) {
            return None;
        }
        state.detached = true;
        let count = state.receipts.count();
        let sender = state.sender.take();
        drop(state);
        if let Some(waker) = sender {
            waker.wake();
        }
        Some(count)
    }

    /// Takes over the messages of an older connection on which the worker received `received`
    /// messages. Messages for the older outbox go to this one from now on.
    pub(in crate::engine::control) fn take_over(self: &Arc<Self>, old: &Self, received: u64) {
        let mut state = old.lock();
        let log = state.log.take().unwrap_or_default();
        old.account
            .sub(std::mem::take(&mut state.bytes) + log.bytes());
        state.own = 0;
        let queued = std::mem::take(&mut state.messages);
        let waiting = std::mem::take(&mut state.waiting);
        // Two locks are held, always the older one first.
        let unreceived = log.into_unreceived(received).into_iter();
        let unreceived = unreceived.map(|message| Waiting {
            message,
            own: false,
        });
        let parts = queued.into_iter().filter(Waiting::is_part_of_call);
        let mut present = self.lock();
        for message in unreceived.chain(parts) {
            let bytes = message.bytes();
            self.account.add(bytes);
            present.bytes += bytes;
            present.own += if message.own { bytes } else { 0 };
            present.messages.push_back(message);
        }
        let sender = present.sender.take();
        drop(present);
        state.successor = Some(Arc::clone(self));
        drop(state);
        waiting.into_iter().chain(sender).for_each(Waker::wake);
    }

    /// Queues a message if there is room now. Never waits.
    pub(in crate::engine::control) fn try_push(&self, message: Text) -> Result<(), NotQueued> {
        let state = match self.open_for(message.len()) {
            Err(NotQueued::Moved(Successor(next))) => return next.try_push(message),
            opened => opened?,
        };
        let (waiting, len) = (state.bytes, message.len());
        if waiting > 0 && waiting + len > self.limit {
            return Err(NotQueued::Full { waiting });
        }
        let own = false;
        self.put(state, Waiting { message, own });
        Ok(())
    }
}

impl Waiting {
    fn is_part_of_call(&self) -> bool {
        is_part_of_call(&self.message)
    }
}
