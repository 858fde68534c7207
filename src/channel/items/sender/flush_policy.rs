use std::time::{Duration, Instant};

/// The reciprocal of the share of idle time that a sender may spend on partial frames.
const SHARE: u32 = 4;

/// Maximum accumulated allowance. It lets the first items of a burst after a pause be sent one by
/// one.
const MOST: Duration = Duration::from_micros(64);

/// Maximum charge for one frame. Longer times are caused by the operating system or another
/// process.
const COST: Duration = Duration::from_micros(16);

/// Decides whether `send` sends an item immediately.
///
/// Sending each item costs one system call, so the time for it is limited. The allowance grows by a
/// quarter of the idle time, up to 64 µs. Each partial frame that `send` sends is charged its
/// duration, at most 16 µs. While any allowance is left, an item is sent immediately; after a pause
/// of 64 µs this is always the case. A sender without pauses uses up the allowance and then fills
/// frames.
#[derive(Debug)]
pub(in crate::channel::items) struct FlushPolicy {
    /// May be overdrawn by one frame; the next pause compensates for it.
    left: Duration,
    owed: Duration,
    /// The time since which nothing has been waiting to be sent.
    since: Instant,
}

impl FlushPolicy {
    pub(in crate::channel::items) fn new(now: Instant) -> Self {
        Self {
            left: MOST,
            owed: Duration::ZERO,
            since: now,
        }
    }

    /// Whether an item may be sent immediately at `now`, if nothing else is waiting.
    pub(in crate::channel::items) fn allows(&mut self, now: Instant) -> bool {
        let mut grown = now.saturating_duration_since(self.since) / SHARE;
        self.since = now;
        let paid = grown.min(self.owed);
        self.owed -= paid;
        grown -= paid;
        self.left = self.left.saturating_add(grown).min(MOST);
        !self.left.is_zero()
    }

    /// Charges a frame whose sending took from `begun` to `now`.
    pub(in crate::channel::items) fn spend(&mut self, begun: Instant, now: Instant) {
        let cost = now.saturating_duration_since(begun).min(COST);
        self.owed += cost.saturating_sub(self.left);
        self.left = self.left.saturating_sub(cost);
        self.since = now;
    }

    /// Records that the flusher sent everything; nothing waits since `now`.
    pub(in crate::channel::items) fn emptied(&mut self, now: Instant) {
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{FlushPolicy, MOST};

    const MICRO: Duration = Duration::from_micros(1);

    /// Number of `items` that are sent immediately if they are sent `gap` apart and cost `cost`
    /// each.
    fn at_once(gap: Duration, cost: Duration, items: u32) -> u32 {
        let mut now = Instant::now();
        let mut flush_policy = FlushPolicy::new(now);
        let mut count = 0;
        for _ in 0..items {
            now += gap;
            if flush_policy.allows(now) {
                flush_policy.spend(now, now + cost);
                now += cost;
                count += 1;
            }
        }
        count
    }

    #[test]
    fn items_apart_all_go_out_at_once() {
        for cost in [1, 8, 16, 1000, 50_000] {
            let all = at_once(MOST, MICRO * cost, 1000);
            assert_eq!(all, 1000, "{cost} µs a frame");
        }
        assert_eq!(at_once(32 * MICRO, 8 * MICRO, 1000), 1000);
    }

    #[test]
    fn a_short_burst_after_a_pause_goes_out_at_once() {
        assert_eq!(at_once(Duration::ZERO, 16 * MICRO, 1000), 4);
        assert_eq!(at_once(Duration::ZERO, 8 * MICRO, 1000), 8);
    }

    #[test]
    fn busy_sender_spends_at_most_a_fifth_of_its_time() {
        for (gap, cost) in [(1, 8), (10, 8), (20, 16), (2, 1)] {
            let count = at_once(MICRO * gap, MICRO * cost, 100_000);
            let spent = MICRO * cost * count;
            let idle = MICRO * gap * 100_000;
            assert!(
                spent <= idle / 4 + 2 * MOST,
                "{gap}, {cost}: {spent:?} of {idle:?}"
            );
        }
    }

    #[test]
    fn time_in_which_something_waits_adds_nothing() {
        let begun = Instant::now();
        let mut flush_policy = FlushPolicy::new(begun);
        while flush_policy.allows(begun) {
            flush_policy.spend(begun, begun);
            flush_policy.left = Duration::ZERO;
        }
        let later = begun + Duration::from_secs(1);
        flush_policy.emptied(later);
        assert!(!flush_policy.allows(later));
    }
}
