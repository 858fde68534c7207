use std::time::Duration;

use tokio::time::Instant;

/// When to offer functions again that belong to another worker, to an engine that rejects them and
/// does not report when that worker disconnects.
#[derive(Debug, Default)]
pub(in crate::worker) struct RegistrationRetry {
    next: Option<Instant>,
    /// Number of offers that were rejected.
    refused: u32,
}

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(10);

impl RegistrationRetry {
    /// Records that a function waits.
    pub(in crate::worker) fn schedule(&mut self, now: Instant) {
        if self.next.is_none() {
            let wait = FIRST.saturating_mul(1 << self.refused.min(8));
            self.next = Some(now + wait.min(LONGEST));
        }
    }

    pub(in crate::worker) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// Whether the next offer is due. The engine's answer schedules the one after it.
    pub(in crate::worker) fn take_due(&mut self, now: Instant) -> bool {
        let due = self.next.is_some_and(|next| next <= now);
        if due {
            self.next = None;
            self.refused += 1;
        }
        due
    }

    /// Restarts on another connection, or when no function waits any more.
    pub(in crate::worker) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{LONGEST, RegistrationRetry};

    #[test]
    fn the_waits_double_up_to_a_bound() {
        let mut registration_retry = RegistrationRetry::default();
        let mut now = Instant::now();
        for seconds in [1, 2, 4, 8, 10, 10] {
            registration_retry.schedule(now);
            assert!(!registration_retry.take_due(now));
            let next = registration_retry.deadline().unwrap();
            assert_eq!(next - now, Duration::from_secs(seconds));
            now = next;
            assert!(registration_retry.take_due(now) && registration_retry.deadline().is_none());
        }
        assert!(LONGEST > Duration::ZERO);
        registration_retry.reset();
        registration_retry.schedule(now);
        assert_eq!(
            registration_retry.deadline(),
            Some(now + Duration::from_secs(1))
        );
    }
}
