use std::time::Duration;

use tokio::time::Instant;

use super::Timed;
use crate::error::Error;
use crate::transport::later;

/// Holds the last item until no other item has followed it for a while.
pub(crate) struct Debounce<T> {
    quiet: Duration,
    /// The item, and when it is due.
    last: Option<(T, Instant)>,
    over: bool,
}

impl<T> Debounce<T> {
    /// Returns an item if no other item follows it within `quiet`.
    pub(crate) fn new(quiet: Duration) -> Self {
        Self {
            quiet,
            last: None,
            over: false,
        }
    }
}

impl<T: Send + 'static> Timed<T> for Debounce<T> {
    type Out = T;

    fn take(&mut self, item: T, now: Instant) -> Result<(), Error> {
        self.last = Some((item, later(now, self.quiet)));
        Ok(())
    }

    fn due(&mut self, now: Instant) -> Option<T> {
        let over = self.over;
        let last = self.last.take_if(|(_, due_at)| over || now >= *due_at);
        last.map(|(item, _)| item)
    }

    fn due_at(&self) -> Option<Instant> {
        self.last.as_ref().map(|(_, due_at)| *due_at)
    }

    fn end(&mut self) {
        self.over = true;
    }
}
