use std::collections::VecDeque;

use super::command::Call;
use crate::wire::{Text, is_part_of_call};

/// The messages to be sent, in order.
///
/// It holds one entry for each waiting caller, registration, and answer to an engine message. The
/// engine bounds the number of answers. The driver never stops reading because this queue is full,
/// since an engine that waits for the driver to read might not read either.
#[derive(Default)]
pub(in crate::worker) struct Outbox {
    /// The first messages of a connection, before all others.
    opening: VecDeque<Text>,
    /// Whether the others wait for the engine's answer to a reattach.
    held: bool,
    queue: VecDeque<Outgoing>,
    /// Calls whose caller gave up since the last sweep.
    given_up: usize,
}

/// One message to be sent.
pub(in crate::worker) enum Outgoing {
    /// A first message of a connection; each connection has its own.
    Opening(Text),
    /// For the current connection, and for one that continues it.
    Frame(Text),
    /// A call, which may also be sent on a later connection.
    Call(Call),
}

impl Outbox {
    pub(in crate::worker) fn push(&mut self, message: Outgoing) {
        self.queue.push_back(message);
    }

    /// Takes the next message. Calls whose callers gave up are skipped.
    pub(in crate::worker) fn pop(&mut self) -> Option<Outgoing> {
        if let Some(first) = self.opening.pop_front() {
            return Some(Outgoing::Opening(first));
        }
        while !self.held {
            match self.queue.pop_front()? {
                Outgoing::Call(call) if call.reply.is_closed() => {}
                message => return Some(message),
            }
        }
        None
    }

    /// Puts back a call that could not be sent.
    pub(in crate::worker) fn put_back(&mut self, call: Call) {
        self.queue.push_front(Outgoing::Call(call));
    }

    /// Records that the caller of a queued call gave up. The calls are swept when they fill half of
    /// the queue, so that a queue without a connection does not grow.
    pub(in crate::worker) fn forget_one(&mut self) {
        self.given_up += 1;
        if self.given_up * 2 > self.queue.len() {
            self.given_up = 0;
            self.queue.retain(
                |message| !matches!(message, Outgoing::Call(call) if call.reply.is_closed()),
            );
        }
    }

    /// Prepares the queue for a new connection: `first`, then the waiting calls.
    pub(in crate::worker) fn restart(&mut self, first: impl IntoIterator<Item = Text>) {
        let calls = std::mem::take(&mut self.queue)
            .into_iter()
            .filter(|message| matches!(message, Outgoing::Call(_)));
        self.queue = calls.collect();
        self.opening = first.into_iter().collect();
        self.held = false;
    }

    /// Prepares the queue for a connection that may continue the last one: only `first` is sent
    /// until [`release`](Self::release) or [`restart`](Self::restart).
    pub(in crate::worker) fn hold(&mut self, first: impl IntoIterator<Item = Text>) {
        self.opening = first.into_iter().collect();
        self.held = true;
    }

    /// Continues the last connection: `opening`, then the messages that were sent on it and did not
    /// arrive, then those that wait.
    pub(in crate::worker) fn release(&mut self, opening: Vec<Text>, again: Vec<Text>) {
        // The opening has every registration, so those that wait are outdated.
        let parts = std::mem::take(&mut self.queue)
            .into_iter()
            .filter(|message| {
                let Outgoing::Frame(frame) = message else {
                    return true;
                };
                is_part_of_call(frame)
            });
        self.queue = again
            .into_iter()
            .map(Outgoing::Frame)
            .chain(parts)
            .collect();
        self.opening = opening.into();
        self.held = false;
    }

    /// Whether a message can be sent.
    pub(in crate::worker) fn has_next(&self) -> bool {
        !self.opening.is_empty() || !(self.held || self.queue.is_empty())
    }

    /// Whether results of functions, or cancellations of calls, wait.
    pub(in crate::worker) fn has_answers(&self) -> bool {
        let is_part = |message: &Outgoing| matches!(message, Outgoing::Frame(frame) if is_part_of_call(frame));
        self.queue.iter().any(is_part)
    }

    pub(in crate::worker) fn is_empty(&self) -> bool {
        self.opening.is_empty() && self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;
    use uuid::Uuid;

    use super::super::command::{Call, CallKind, Reply};
    use super::{Outbox, Outgoing};

    fn call(name: &str) -> (Outgoing, oneshot::Receiver<Reply>) {
        let (reply, waiting) = oneshot::channel();
        let call = Call {
            id: Uuid::new_v4(),
            kind: CallKind::Answered,
            frame: name.into(),
            reply,
        };
        (Outgoing::Call(call), waiting)
    }

    fn rest(outbox: &mut Outbox) -> Vec<String> {
        std::iter::from_fn(|| outbox.pop())
            .map(|message| match message {
                Outgoing::Frame(frame) | Outgoing::Opening(frame) => frame.to_string(),
                Outgoing::Call(call) => call.frame.to_string(),
            })
            .collect()
    }

    #[test]
    fn order_is_kept_and_abandoned_calls_are_left_out() {
        let mut outbox = Outbox::default();
        let (one, _one) = call("one");
        let (two, gone) = call("two");
        outbox.push(Outgoing::Frame("register".into()));
        outbox.push(one);
        outbox.push(two);
        outbox.push(Outgoing::Frame("result".into()));
        drop(gone);
        assert_eq!(rest(&mut outbox), ["register", "one", "result"]);
    }

    #[test]
    fn new_connection_starts_with_replay_and_keeps_calls() {
        let mut outbox = Outbox::default();
        let (one, _one) = call("one");
        outbox.push(Outgoing::Frame("stale result".into()));
        outbox.push(one);
        outbox.restart(["reattach".into(), "announce".into()]);
        assert_eq!(rest(&mut outbox), ["reattach", "announce", "one"]);
    }

    #[test]
    fn it_does_not_grow_by_calls_that_time_out() {
        let mut outbox = Outbox::default();
        let (kept, _kept) = call("kept");
        outbox.push(kept);
        for _ in 0..100 {
            let (abandoned, waiting) = call("abandoned");
            outbox.push(abandoned);
            drop(waiting);
            outbox.forget_one();
            assert!(outbox.queue.len() <= 3);
        }
        assert_eq!(rest(&mut outbox), ["kept"]);
    }
}
