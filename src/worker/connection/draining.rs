use std::time::Duration;

use tokio::time::Instant;

/// How long an engine may take to confirm that it has forwarded everything, while nothing runs.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(5);

/// A worker that shuts down: its functions are unregistered, and calls that the engine had already
/// forwarded are still served.
///
/// | state | new calls | left by |
/// |---|---|---|
/// | unregistering | are served | the engine's confirmation, or no confirmation within [`SETTLE_TIMEOUT`] |
/// | settled | are rejected | the end of the last function, or the deadline |
#[derive(Debug)]
pub(in crate::worker) struct Draining {
    /// The deadline of running functions.
    until: Instant,
    settled: bool,
    /// When to stop waiting for the engine, if nothing runs.
    settle_deadline: Instant,
}

impl Draining {
    /// `confirmed` if the engine has nothing left to forward.
    pub(in crate::worker) fn new(now: Instant, until: Instant, confirmed: bool) -> Self {
        Self {
            until,
            settled: confirmed,
            settle_deadline: now + SETTLE_TIMEOUT,
        }
    }

    /// Records that the engine has forwarded everything.
    pub(in crate::worker) fn settle(&mut self) {
        self.settled = true;
    }

    pub(in crate::worker) fn is_settled(&self) -> bool {
        self.settled
    }

    /// Records that a function has ended: the engine may now confirm that it was the last.
    pub(in crate::worker) fn finished(&mut self, now: Instant) {
        self.settle_deadline = now + SETTLE_TIMEOUT;
    }

    /// Whether the deadline has passed.
    pub(in crate::worker) fn is_overdue(&mut self, now: Instant, nothing_runs: bool) -> bool {
        if nothing_runs && now >= self.settle_deadline {
            self.settled = true;
        }
        now >= self.until
    }

    /// When to check again.
    pub(in crate::worker) fn deadline(&self, nothing_runs: bool) -> Instant {
        if nothing_runs && !self.settled {
            self.settle_deadline.min(self.until)
        } else {
            self.until
        }
    }

    pub(in crate::worker) fn until(&self) -> Instant {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Draining, SETTLE_TIMEOUT};

    #[test]
    fn a_silent_engine_is_waited_for_only_while_nothing_runs() {
        let start = Instant::now();
        let until = start + Duration::from_secs(60);
        let mut draining = Draining::new(start, until, false);
        let late = start + SETTLE_TIMEOUT;
        assert!(!draining.is_overdue(late, false) && !draining.is_settled());
        assert_eq!(draining.deadline(false), until);
        draining.finished(late);
        assert_eq!(draining.deadline(true), late + SETTLE_TIMEOUT);
        assert!(!draining.is_overdue(late + SETTLE_TIMEOUT, true) && draining.is_settled());
        assert!(draining.is_overdue(until, true));
    }
}
