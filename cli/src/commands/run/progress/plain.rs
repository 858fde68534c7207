use std::time::Duration;

use super::text;
use crate::commands::run::run_progress::RunProgress;
use crate::terminal::print_error::print_error;

/// Progress lines for a log. The longer a run takes, the less frequent they are.
pub(in crate::commands::run) struct Plain {
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

    pub(super) fn show(&mut self, run_progress: &RunProgress) {
        print_error(text::whole(run_progress, usize::MAX));
        self.wait = (self.wait * 2).min(LONGEST);
    }
}
