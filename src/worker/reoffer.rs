use std::time::Duration;

use tokio::time::Instant;

/// When to offer functions again that another worker has, to an engine that rejects them and does
/// not report when that worker leaves.
#[derive(Debug, Default)]
pub(super) struct Reoffer {
    next: Option<Instant>,
    /// How often they were offered in vain.
    refused: u32,
}

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(10);

impl Reoffer {
    /// Records that a function waits.
    pub(super) fn schedule(&mut self, now: Instant) {
        if self.next.is_none() {
            let wait = FIRST.saturating_mul(1 << self.refused.min(8));
            self.next = Some(now + wait.min(LONGEST));
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// Whether it is time. The engine's answer schedules the next time.
    pub(super) fn take_due(&mut self, now: Instant) -> bool {
        let due = self.next.is_some_and(|next| next <= now);
        if due {
            self.next = None;
            self.refused += 1;
        }
        due
    }

    /// Restarts, on another connection or because nothing waits any more.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{LONGEST, Reoffer};

    #[test]
    fn the_waits_double_up_to_a_bound() {
        let mut reoffer = Reoffer::default();
        let mut now = Instant::now();
        for seconds in [1, 2, 4, 8, 10, 10] {
            reoffer.schedule(now);
            assert!(!reoffer.take_due(now));
            let next = reoffer.deadline().unwrap();
            assert_eq!(next - now, Duration::from_secs(seconds));
            now = next;
            assert!(reoffer.take_due(now) && reoffer.deadline().is_none());
        }
        assert!(LONGEST > Duration::ZERO);
        reoffer.reset();
        reoffer.schedule(now);
        assert_eq!(reoffer.deadline(), Some(now + Duration::from_secs(1)));
    }
}
