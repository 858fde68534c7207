use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use super::{Event, Signal, SignalKind};
use crate::sync::{Mutex, MutexGuard, PoisonError};
use crate::wire::{Progress, Text, Turn};

/// A queue of messages that are sent in addition to what a stage's code writes: forwarded input
/// messages, messages of the stage's context, and progress.
///
/// The writing end sends them with its next frame, so they keep their position among the items. An
/// idle sender of items sends them immediately. The queue holds what arrived since the last frame.
/// In a stage that reads bytes and never writes, its size is bounded by the messages of the input.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aside(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    remarks: VecDeque<Remark>,
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
    There(Aside),
    /// They are dropped, because their call is repeated.
    Nowhere,
}

#[derive(Clone, Debug)]
pub(crate) enum Remark {
    Message(Text),
    Progress(Progress),
    Turn(Turn),
}

impl<T> From<Remark> for Event<T> {
    fn from(remark: Remark) -> Self {
        match remark {
            Remark::Message(text) => Self::Message(text),
            Remark::Progress(progress) => Self::Progress(Box::new(progress)),
            Remark::Turn(turn) => Self::Signal(Signal(SignalKind::Turn(turn))),
        }
    }
}

impl Aside {
    pub(crate) fn push(&self, remark: Remark) {
        let mut queue = self.lock();
        match &queue.target {
            Target::Here => {}
            Target::There(target) => {
                let target = target.clone();
                drop(queue);
                return target.push(remark);
            }
            Target::Nowhere => return,
        }
        // Of several turn ends in a row, the last one is enough.
        match (&remark, queue.remarks.back_mut()) {
            (Remark::Turn(turn), Some(Remark::Turn(last))) => *last = *turn,
            _ => queue.remarks.push_back(remark),
        }
        let waker = queue.waker.clone();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn pop(&self) -> Option<Remark> {
        self.lock().remarks.pop_front()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().remarks.is_empty()
    }

    /// Whether a message of the user is here.
    pub(crate) fn has_message(&self) -> bool {
        let is_message = |remark: &Remark| matches!(remark, Remark::Message(_));
        self.lock().remarks.iter().any(is_message)
    }

    /// Moves present and future messages to `target`.
    pub(crate) fn forward_to(&self, target: &Self) {
        let mut queue = self.lock();
        for remark in queue.remarks.drain(..) {
            target.push(remark);
        }
        queue.target = Target::There(target.clone());
    }

    /// Drops present and future messages.
    pub(crate) fn discard(&self) {
        let mut queue = self.lock();
        queue.remarks.clear();
        queue.target = Target::Nowhere;
    }

    /// Wakes `waker` with every push.
    pub(crate) fn wake_on_push(&self, waker: Waker) {
        self.lock().waker = Some(waker);
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
