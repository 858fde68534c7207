use std::time::Duration;

use tokio::time::Instant;

/// How long an engine may take to say that it has forwarded nothing more, while nothing runs.
const PATIENCE: Duration = Duration::from_secs(5);

/// A worker that shuts down: its functions are taken back, and what the engine had forwarded before
/// it learned of that is still served.
///
/// | state | calls that come | left by |
/// |---|---|---|
/// | taking back | are served | the engine's confirmation, or its silence for [`PATIENCE`] |
/// | settled | are refused | the end of the last function, or the deadline |
#[derive(Debug)]
pub(super) struct Draining {
    /// Until when functions may run.
    until: Instant,
    settled: bool,
    /// When the engine is no longer waited for, if nothing runs.
    patience: Instant,
}

impl Draining {
    /// `confirmed` if there is nothing that an engine could still forward.
    pub(super) fn new(now: Instant, until: Instant, confirmed: bool) -> Self {
        Self {
            until,
            settled: confirmed,
            patience: now + PATIENCE,
        }
    }

    /// The engine has forwarded everything.
    pub(super) fn settle(&mut self) {
        self.settled = true;
    }

    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }

    /// A function has ended: the engine may say now that it was the last.
    pub(super) fn finished(&mut self, now: Instant) {
        self.patience = now + PATIENCE;
    }

    /// Whether the time of the functions is over.
    pub(super) fn is_overdue(&mut self, now: Instant, nothing_runs: bool) -> bool {
        if nothing_runs && now >= self.patience {
            self.settled = true;
        }
        now >= self.until
    }

    /// When to look at it again.
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
