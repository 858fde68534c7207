use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::Timed;
use crate::error::Error;
use crate::transport::later;

/// Delays items so that the rate stays below a limit.
pub(crate) struct Throttle<T> {
    items: usize,
    per: Duration,
    /// When the last items were returned; at most `items` entries.
    given: VecDeque<Instant>,
    /// A delayed item, and when it arrived.
    waiting: Option<(T, Instant)>,
}

impl<T> Throttle<T> {
    /// Returns at most `items` items in any period of `per`.
    pub(crate) fn new(items: usize, per: Duration) -> Self {
        assert!(items > 0, "a throttle must let at least one item through");
        Self {
            items,
            per,
            given: VecDeque::new(),
            waiting: None,
        }
    }
}

impl<T: Send + 'static> Timed<T> for Throttle<T> {
    type Out = T;

    fn take(&mut self, item: T, now: Instant) -> Result<(), Error> {
        self.waiting = Some((item, now));
        Ok(())
    }

    fn due(&mut self, now: Instant) -> Option<T> {
        if self.due_at()? > now {
            return None;
        }
        let (item, _) = self.waiting.take()?;
        if self.given.len() == self.items {
            self.given.pop_front();
        }
        self.given.push_back(now);
        Some(item)
    }

    fn due_at(&self) -> Option<Instant> {
        let (_, came) = self.waiting.as_ref()?;
        let full = self.given.len() == self.items;
        let first = self.given.front().filter(|_| full);
        Some(first.map_or(*came, |first| later(*first, self.per)))
    }

    fn end(&mut self) {}

    fn is_full(&self) -> bool {
        self.waiting.is_some()
    }
}
