use std::time::{Duration, Instant};

/// How long a worker may take too little while something waits for it.
pub(in crate::engine) const STALL: Duration = Duration::from_secs(30);

/// Bytes that a worker has to take in each [`STALL`] while something waits for it: 4 KiB a second,
/// less than any line that carries calls. What waits is bounded, so that this only ends connections
/// that are of no use.
const LEAST: u64 = 4 * 1024 * STALL.as_secs();

/// Whether a worker takes what waits for it. Plain and synchronous: it is told the time.
///
/// | state | meaning | left by |
/// |---|---|---|
/// | `None` | nothing waits | something that cannot be sent at once |
/// | `Some` | a window of [`STALL`] is measured | the end of the window; nothing waits any more |
#[derive(Debug, Default)]
pub(super) struct Drain(Option<Window>);

#[derive(Debug)]
struct Window {
    ends: Instant,
    /// Bytes that had been sent when it began.
    sent: u64,
}

/// What [`Drain::waiting`] finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Look again then.
    Until(Instant),
    /// The worker took less than it has to.
    TooSlow,
}

impl Drain {
    /// Nothing waits any more.
    pub(super) fn empty(&mut self) {
        self.0 = None;
    }

    /// Something waits, and `sent` bytes were sent so far.
    pub(super) fn waiting(&mut self, now: Instant, sent: u64) -> Pace {
        let window = self.0.get_or_insert(Window {
            ends: now + STALL,
            sent,
        });
        if now >= window.ends {
            if sent - window.sent < LEAST {
                return Pace::TooSlow;
            }
            window.ends = now + STALL;
            window.sent = sent;
        }
        Pace::Until(window.ends)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{Drain, LEAST, Pace, STALL};

    #[test]
    fn slow_worker_is_measured_by_bytes_and_not_by_messages() {
        let (mut drain, start) = (Drain::default(), Instant::now());
        assert_eq!(drain.waiting(start, 0), Pace::Until(start + STALL));
        let next = start + STALL;
        assert_eq!(drain.waiting(next, LEAST), Pace::Until(next + STALL));
        // It takes a little now and then.
        assert_eq!(
            drain.waiting(next + STALL / 2, LEAST + 1),
            Pace::Until(next + STALL)
        );
        assert_eq!(drain.waiting(next + STALL, 2 * LEAST - 1), Pace::TooSlow);
    }

    #[test]
    fn worker_for_which_nothing_waits_begins_anew() {
        let (mut drain, start) = (Drain::default(), Instant::now());
        drain.waiting(start, 0);
        drain.empty();
        let later = start + 2 * STALL;
        assert_eq!(drain.waiting(later, 0), Pace::Until(later + STALL));
    }
}
