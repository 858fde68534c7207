use std::time::{Duration, Instant};

/// Adds up the time that one end spent waiting for its peer.
///
/// The clock is read when a wait begins and when it ends, never for an operation that goes
/// through at once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waits {
    since: Option<Instant>,
    total: Duration,
}

impl Waits {
    /// The operation has to wait.
    pub(crate) fn begin(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    /// The operation went through.
    pub(crate) fn end(&mut self) {
        if let Some(since) = self.since.take() {
            self.total += since.elapsed();
        }
    }

    /// All waits that have ended.
    pub(crate) fn total(&self) -> Duration {
        self.total
    }
}
