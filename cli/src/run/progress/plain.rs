use std::time::Duration;

use super::words;
use crate::run::figures::Figures;
use crate::tell::tell;

/// Progress lines for a log, less frequent the longer a run takes.
pub(in crate::run) struct Plain {
    wait: Duration,
}

/// Maximum time without a line.
const LONGEST: Duration = Duration::from_secs(30);

impl Plain {
    pub(super) fn new(first: Duration) -> Self {
        Self { wait: first }
    }

    /// Time until the next line.
    pub(super) fn wait(&self) -> Duration {
        self.wait
    }

    pub(super) fn show(&mut self, figures: &Figures) {
        tell(words::whole(figures, usize::MAX));
        self.wait = (self.wait * 2).min(LONGEST);
    }
}
