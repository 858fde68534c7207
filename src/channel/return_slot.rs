use std::sync::{Arc, Mutex};

use crate::sync::MutexExt;

/// Receives an end when its user drops it, so that another owner can finish the stream. A stage's
/// function owns its writer, but the function's result determines how the stream ends.
#[derive(Debug)]
pub(crate) struct ReturnSlot<T>(Arc<Mutex<Option<T>>>);

impl<T> ReturnSlot<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    pub(crate) fn give(&self, end: T) {
        *self.0.lock_unpoisoned() = Some(end);
    }

    pub(crate) fn take(&self) -> Option<T> {
        self.0.lock_unpoisoned().take()
    }
}

impl<T> Clone for ReturnSlot<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
