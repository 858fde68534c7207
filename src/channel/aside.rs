use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Event;
use crate::wire::{Progress, Text};

/// Messages that go out beside what a stage's own code writes: those that came in and are passed
/// on, those of the stage's context, and progress.
///
/// The writing end takes them with its next frame, so they keep their place among the items. It
/// holds what came since the last one; a stage that reads and never writes is bounded by what its
/// input says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aside(Arc<Mutex<VecDeque<Remark>>>);

#[derive(Clone, Debug)]
pub(crate) enum Remark {
    Message(Text),
    Progress(Progress),
}

impl<T> From<Remark> for Event<T> {
    fn from(remark: Remark) -> Self {
        match remark {
            Remark::Message(text) => Self::Message(text),
            Remark::Progress(progress) => Self::Progress(Box::new(progress)),
        }
    }
}

impl Aside {
    pub(crate) fn push(&self, remark: Remark) {
        self.lock().push_back(remark);
    }

    pub(crate) fn pop(&self) -> Option<Remark> {
        self.lock().pop_front()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Remark>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
