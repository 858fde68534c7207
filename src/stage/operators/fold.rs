use tokio::time::Instant;

use super::Timed;
use crate::error::Error;

/// Folds all items into one value, which is returned at the end.
pub(crate) struct Fold<A, F> {
    /// `None` after it was returned.
    value: Option<A>,
    step: F,
    over: bool,
}

impl<A, F> Fold<A, F> {
    /// Starts with `value`.
    pub(crate) fn new(value: A, step: F) -> Self {
        Self {
            value: Some(value),
            step,
            over: false,
        }
    }
}

impl<T, A, F> Timed<T> for Fold<A, F>
where
    A: Send + 'static,
    F: FnMut(&mut A, T) -> Result<(), Error> + Send + 'static,
{
    type Out = A;

    fn take(&mut self, item: T, _: Instant) -> Result<(), Error> {
        match &mut self.value {
            Some(value) => (self.step)(value, item),
            None => Ok(()),
        }
    }

    fn due(&mut self, _: Instant) -> Option<A> {
        self.value.take_if(|_| self.over)
    }

    fn due_at(&self) -> Option<Instant> {
        None
    }

    fn end(&mut self) {
        self.over = true;
    }
}
