use std::pin::pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::task::yield_now;

use super::sender::coarse_clock;
use crate::channel::coop::poll_coop;

/// Maximum number of items per charge of the budget.
const MOST: u32 = 32;

/// A batch of items is quick if it takes less than this.
const QUICK: Duration = Duration::from_micros(64);

/// A task that computes for this long between two items has to yield.
const LONG: Duration = Duration::from_millis(1);

/// Charges tokio's cooperative budget, once for several items if they are quick.
///
/// A charge costs a twentieth of a small item. The first charge is for one item. The batch doubles,
/// up to 32 items, while a batch takes less than 64 µs. If the task computes between its items,
/// each item is charged.
#[derive(Debug)]
pub(super) struct Pace {
    /// Operations left in the current batch.
    free: u32,
    batch: u32,
    /// The time of the last charge.
    since: Instant,
    owes_turn: bool,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            free: 0,
            batch: 1,
            since: coarse_clock::instant(),
            owes_turn: false,
        }
    }

    /// Takes an operation from the current batch; `false` if none is left.
    #[inline]
    pub(super) fn is_free(&mut self) -> bool {
        match self.free.checked_sub(1) {
            Some(left) => {
                self.free = left;
                true
            }
            None => false,
        }
    }

    /// Yields once if the task has computed for a millisecond. With the budget alone, code that
    /// never waits could process 128 items before other tasks run.
    pub(super) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::take(&mut self.owes_turn) {
            // `yield_now` wakes the task only after the runtime has polled its I/O driver.
            return pin!(yield_now()).poll(cx);
        }
        Poll::Ready(())
    }

    /// Records that the budget was charged for an operation.
    pub(super) fn asked(&mut self) {
        self.asked_at(coarse_clock::instant());
    }

    fn asked_at(&mut self, now: Instant) {
        let took = now.saturating_duration_since(self.since);
        self.owes_turn |= took >= LONG;
        self.batch = if took < QUICK {
            (self.batch * 2).min(MOST)
        } else {
            1
        };
        self.free = self.batch - 1;
        self.since = now;
    }
}

/// Polls one operation of `end` under the budget; `pace` returns its [`Pace`].
#[inline]
pub(super) fn poll_paced<E, R>(
    end: &mut E,
    pace: impl Fn(&mut E) -> &mut Pace,
    cx: &mut Context<'_>,
    poll: impl FnOnce(&mut E, &mut Context<'_>) -> Poll<R>,
) -> Poll<R> {
    if pace(end).is_free() {
        return poll(end, cx);
    }
    let polled = poll_coop(cx, |cx| poll(end, cx));
    if polled.is_ready() {
        pace(end).asked();
    }
    polled
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{MOST, Pace, QUICK};

    /// Counts the charges for `items` that take `each`.
    fn asks(pace: &mut Pace, items: u32, each: Duration) -> u32 {
        let mut now = pace.since;
        let mut asks = 0;
        for _ in 0..items {
            now += each;
            if !pace.is_free() {
                asks += 1;
                pace.asked_at(now);
            }
        }
        asks
    }

    #[test]
    fn quick_items_ask_once_for_many() {
        let asks = asks(&mut Pace::new(), 3200, Duration::from_nanos(100));
        assert!(asks <= 3200 / MOST + 6, "{asks}");
    }

    #[test]
    fn slow_items_ask_each_time() {
        assert_eq!(asks(&mut Pace::new(), 100, QUICK), 100);
    }

    #[test]
    fn items_that_become_slow_ask_each_time_after_one_batch() {
        let pace = &mut Pace::new();
        asks(pace, 1000, Duration::from_nanos(100));
        assert!(asks(pace, 100, QUICK) >= 100 - MOST);
    }
}
