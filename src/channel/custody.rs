use std::sync::{Arc, Mutex, PoisonError};

/// Where an end goes when the code that used it drops it, if somebody else is to finish the
/// stream: a stage's function owns its writer, but how the stream ends depends on what the
/// function returns.
#[derive(Debug)]
pub(crate) struct Custody<T>(Arc<Mutex<Option<T>>>);

impl<T> Custody<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    pub(crate) fn give(&self, end: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
    }

    pub(crate) fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T> Clone for Custody<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
