use std::time::{Duration, Instant};

/// Minimum measuring period; over less time, a few frames would distort the result.
const SHORTEST: Duration = Duration::from_millis(250);

/// The recent rate of a channel. The time is passed as an argument.
///
/// It measures from one query to the next and costs nothing without queries.
#[derive(Debug)]
pub(super) struct Rate {
    since: Instant,
    /// Number of bytes that had passed at that time.
    bytes: u64,
    last: Option<Measured>,
}

/// A rate, and the period over which it was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    pub(super) bytes_per_second: u64,
    pub(super) over: Duration,
}

impl Rate {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            bytes: 0,
            last: None,
        }
    }

    /// The rate since the last query, or the previous rate if that is less than [`SHORTEST`] ago.
    /// `bytes` is the current total.
    pub(super) fn measure(&mut self, now: Instant, bytes: u64) -> Measured {
        let over = now.saturating_duration_since(self.since);
        if over < SHORTEST
            && let Some(last) = self.last
        {
            return last;
        }
        let measured = Measured {
            bytes_per_second: per_second(bytes - self.bytes, over),
            over,
        };
        if over >= SHORTEST {
            *self = Self {
                since: now,
                bytes,
                last: Some(measured),
            };
        }
        measured
    }
}

/// Returns 0 for an empty period.
fn per_second(bytes: u64, over: Duration) -> u64 {
    let rate = u128::from(bytes) * 1_000_000 / over.as_micros().max(1);
    if over.is_zero() {
        return 0;
    }
    u64::try_from(rate).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Rate, SHORTEST};

    #[test]
    fn it_is_that_of_the_time_between_two_questions() {
        let start = Instant::now();
        let mut rate = Rate::new(start);
        assert_eq!(rate.measure(start, 0).bytes_per_second, 0);
        let second = Duration::from_secs(1);
        assert_eq!(rate.measure(start + second, 500).bytes_per_second, 500);
        let measured = rate.measure(start + 3 * second, 2500);
        assert_eq!(measured.bytes_per_second, 1000);
        assert_eq!(measured.over, 2 * second);
        assert_eq!(rate.measure(start + 4 * second, 2500).bytes_per_second, 0);
    }

    #[test]
    fn who_asks_too_soon_gets_the_last_one() {
        let start = Instant::now();
        let mut rate = Rate::new(start);
        let first = rate.measure(start + 2 * SHORTEST, 100);
        assert_eq!(first.bytes_per_second, 200);
        assert_eq!(
            rate.measure(start + 2 * SHORTEST + SHORTEST / 2, 900),
            first
        );
        let young = Rate::new(start).measure(start + SHORTEST / 2, 100);
        assert_eq!(young.bytes_per_second, 800);
    }
}
