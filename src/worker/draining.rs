use std::time::Duration;

use tokio::time::Instant;

/// How long an engine may take to confirm that it has forwarded everything, while nothing runs.
const PATIENCE: Duration = Duration::from_secs(5);

/// A worker that shuts down: its functions are unregistered, and calls that the engine had already
/// forwarded are still served.
///
/// | state | new calls | left by |
/// |---|---|---|
/// | unregistering | are served | the engine's confirmation, or no confirmation within [`PATIENCE`] |
/// | settled | are rejected | the end of the last function, or the deadline |
#[derive(Debug)]
pub(super) struct Draining {
    /// The deadline of running functions.
    until: Instant,
    settled: bool,
    /// When to stop waiting for the engine, if nothing runs.
    patience: Instant,
}

impl Draining {
    /// `confirmed` if the engine has nothing left to forward.
    pub(super) fn new(now: Instant, until: Instant, confirmed: bool) -> Self {
        Self {
            until,
            settled: confirmed,
            patience: now + PATIENCE,
        }
    }

    /// Records that the engine has forwarded everything.
    pub(super) fn settle(&mut self) {
        self.settled = true;
    }

    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }

    /// Records that a function has ended: the engine may now confirm that it was the last.
    pub(super) fn finished(&mut self, now: Instant) {
        self.patience = now + PATIENCE;
    }

    /// Whether the deadline has passed.
    pub(super) fn is_overdue(&mut self, now: Instant, nothing_runs: bool) -> bool {
        if nothing_runs && now >= self.patience {
            self.settled = true;
        }
        now >= self.until
    }

    /// When to check again.
    pub(super) fn deadline(&self, nothing_runs: bool) -> Instant {
        if nothing_runs && !self.settled {
            self.patience.min(self.until)
        } else {
            self.until
        }
    }

    pub(super) fn until(&self) -> Instant {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Draining, PATIENCE};

    #[test]
    fn a_silent_engine_is_waited_for_only_while_nothing_runs() {
        let start = Instant::now();
        let until = start + Duration::from_secs(60);
        let mut draining = Draining::new(start, until, false);
        let late = start + PATIENCE;
        assert!(!draining.is_overdue(late, false) && !draining.is_settled());
        assert_eq!(draining.deadline(false), until);
        draining.finished(late);
        assert_eq!(draining.deadline(true), late + PATIENCE);
        assert!(!draining.is_overdue(late + PATIENCE, true) && draining.is_settled());
        assert!(draining.is_overdue(until, true));
    }
}
