use std::time::Duration;

use tokio::time::Instant;

use super::Timed;
use crate::error::Error;
use crate::transport::later;

/// Collects items until the batch is full, or its first item has been held for the maximum time.
pub(crate) struct Batch<T> {
    size: usize,
    within: Duration,
    items: Vec<T>,
    /// The latest time at which the current batch is returned.
    due_at: Option<Instant>,
    over: bool,
}

impl<T> Batch<T> {
    /// Batches of `size` items. A batch is returned early when its first item has waited for
    /// `within`.
    pub(crate) fn new(size: usize, within: Duration) -> Self {
        assert!(size > 0, "a batch must hold at least one item");
        Self {
            size,
            within,
            items: Vec::new(),
            due_at: None,
            over: false,
        }
    }
}

impl<T: Send + 'static> Timed<T> for Batch<T> {
    type Out = Vec<T>;

    fn take(&mut self, item: T, now: Instant) -> Result<(), Error> {
        self.due_at.get_or_insert_with(|| later(now, self.within));
        self.items.push(item);
        Ok(())
    }

    fn due(&mut self, now: Instant) -> Option<Vec<T>> {
        let due_at = self.due_at?;
        if self.items.len() < self.size && now < due_at && !self.over {
            return None;
        }
        self.due_at = None;
        Some(std::mem::take(&mut self.items))
    }

    fn due_at(&self) -> Option<Instant> {
        self.due_at
    }

    fn end(&mut self) {
        self.over = true;
    }
}
