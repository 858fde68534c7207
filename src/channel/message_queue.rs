use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use super::{Event, Signal, SignalKind};
use crate::sync::{Mutex, MutexExt, MutexGuard};
use crate::wire::{Progress, Text, Turn};

/// A queue of messages that are sent in addition to the output of a stage's code: forwarded input
/// messages, messages of the stage's context, and progress.
///
/// The writing end sends them with its next frame, so they keep their position among the items. An
/// idle sender of items sends them immediately. The queue holds the messages since the last frame.
/// In a stage that reads bytes and never writes, its size is bounded by the messages of the input.
#[derive(Clone, Debug, Default)]
pub(crate) struct MessageQueue(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    queued_messages: VecDeque<QueuedMessage>,
    /// The task that sends messages while the sender is idle.
    waker: Option<Waker>,
    target: Target,
}

/// The destination of queued messages.
#[derive(Debug, Default)]
enum Target {
    /// They are kept for the writing end.
    #[default]
    Here,
    /// They go to another queue, because their call has succeeded.
    There(MessageQueue),
    /// They are dropped, because their call is repeated.
    Nowhere,
}

#[derive(Clone, Debug)]
pub(crate) enum QueuedMessage {
    Message(Text),
    Progress(Progress),
    Turn(Turn),
}

impl<T> From<QueuedMessage> for Event<T> {
    fn from(queued: QueuedMessage) -> Self {
        match queued {
            QueuedMessage::Message(text) => Self::Message(text),
            QueuedMessage::Progress(progress) => Self::Progress(Box::new(progress)),
            QueuedMessage::Turn(turn) => Self::Signal(Signal(SignalKind::Turn(turn))),
        }
    }
}

impl MessageQueue {
    pub(crate) fn push(&self, queued: QueuedMessage) {
        let mut queue = self.lock();
        match &queue.target {
            Target::Here => {}
            Target::There(target) => {
                let target = target.clone();
                drop(queue);
                return target.push(queued);
            }
            Target::Nowhere => return,
        }
        // If several ends of turns follow each other, the last one is enough.
        match (&queued, queue.queued_messages.back_mut()) {
            (QueuedMessage::Turn(turn), Some(QueuedMessage::Turn(last))) => *last = *turn,
            _ => queue.queued_messages.push_back(queued),
        }
        let waker = queue.waker.clone();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn pop(&self) -> Option<QueuedMessage> {
        self.lock().queued_messages.pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().queued_messages.is_empty()
    }

    /// Whether the queue contains a user message.
    pub(crate) fn has_message(&self) -> bool {
        let is_message = |queued: &QueuedMessage| matches!(queued, QueuedMessage::Message(_));
        self.lock().queued_messages.iter().any(is_message)
    }

    /// Moves present and future messages to `target`.
    pub(crate) fn forward_to(&self, target: &Self) {
        let mut queue = self.lock();
        for queued in queue.queued_messages.drain(..) {
            target.push(queued);
        }
        queue.target = Target::There(target.clone());
    }

    /// Drops present and future messages.
    pub(crate) fn discard(&self) {
        let mut queue = self.lock();
        queue.queued_messages.clear();
        queue.target = Target::Nowhere;
    }

    /// Wakes `waker` with every push.
    pub(crate) fn wake_on_push(&self, waker: Waker) {
        self.lock().waker = Some(waker);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock_unpoisoned()
    }
}
