use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use super::{Event, Signal, SignalKind};
use crate::sync::{Mutex, MutexGuard, PoisonError};
use crate::wire::{Progress, Text, Turn};

/// Messages that go out beside what a stage's own code writes: those that came in and are passed
/// on, those of the stage's context, and progress.
///
/// The writing end takes them with its next frame, so they keep their place among the items, and
/// a sender of items at once when it has nothing to do. It holds what came since then; a stage
/// that reads bytes and never writes is bounded by what its input says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aside(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    remarks: VecDeque<Remark>,
    /// Of whoever sends them when nothing else is to be sent.
    waker: Option<Waker>,
    target: Target,
}

/// Where remarks go.
#[derive(Debug, Default)]
enum Target {
    /// They are kept for the writing end.
    #[default]
    Here,
    /// To another queue, because the call that they are of has succeeded.
    There(Aside),
    /// They are dropped, because the call is made again.
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
        // Of turns that end with nothing in between the last one says enough.
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

    /// Moves what is here, and what comes later, to `target`.
    pub(crate) fn forward_to(&self, target: &Self) {
        let mut queue = self.lock();
        for remark in queue.remarks.drain(..) {
            target.push(remark);
        }
        queue.target = Target::There(target.clone());
    }

    /// Drops what is here, and what comes later.
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
