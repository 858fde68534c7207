use std::time::{Duration, Instant};

/// How long a worker may read too slowly while messages wait for it.
pub(in crate::engine) const STALL: Duration = Duration::from_secs(30);

/// Minimum number of bytes that a worker must read per [`STALL`] while messages wait for it: 4 KiB
/// per second, less than any usable connection carries. Waiting messages are bounded, so this only
/// ends useless connections.
const LEAST: u64 = 4 * 1024 * STALL.as_secs();

/// Whether a worker reads its messages. The time is passed as an argument.
///
/// | state | meaning | left by |
/// |---|---|---|
/// | `None` | no message waits | a message that cannot be sent immediately |
/// | `Some` | a window of [`STALL`] is measured | the end of the window; no message waits |
#[derive(Debug, Default)]
pub(in crate::engine::control) struct Drain(Option<Window>);

#[derive(Debug)]
struct Window {
    ends: Instant,
    /// Bytes that had been sent at its start.
    sent: u64,
}

/// The result of [`Drain::waiting`].
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine::control) enum Pace {
    /// Check again at this time.
    Until(Instant),
    /// The worker reads too slowly.
    TooSlow,
}

impl Drain {
    /// Records that no message waits.
    pub(in crate::engine::control) fn empty(&mut self) {
        self.0 = None;
    }

    /// A message waits, and `sent` bytes were sent so far.
    pub(in crate::engine::control) fn waiting(&mut self, now: Instant, sent: u64) -> Pace {
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
        // It keeps reading, but too slowly.
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
