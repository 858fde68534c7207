use std::time::Duration;

/// The delays before attempts to reconnect.
///
/// The first attempt follows after 100 ms, because an engine that restarts is usually back soon.
/// Later delays are 1 s, 2 s, 4 s and so on, up to 30 s (`docs/protocol.md` section 6). Each delay
/// varies randomly by up to 30 %, so that many workers do not reconnect at the same moment.
///
/// ```
/// use std::time::Duration;
/// use pipewright::Backoff;
///
/// let backoff = Backoff::new().cap(Duration::from_secs(5)).max_attempts(20);
/// # let _ = (backoff, Backoff::never());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    base: Duration,
    cap: Duration,
    max_attempts: Option<u32>,
}

impl Backoff {
    /// Creates the delays described above, with unlimited attempts.
    pub fn new() -> Self {
        Self {
            first: Duration::from_millis(100),
            base: Duration::from_secs(1),
            cap: Duration::from_secs(30),
            max_attempts: None,
        }
    }

    /// Never reconnects: a lost connection closes the worker.
    pub fn never() -> Self {
        Self::new().max_attempts(0)
    }

    /// Sets the delay before the first attempt; default: 100 ms.
    #[must_use]
    pub fn first(mut self, wait: Duration) -> Self {
        self.first = wait;
        self
    }

    /// Sets the delay before the second attempt, which doubles with each later one; default: 1 s.
    #[must_use]
    pub fn base(mut self, wait: Duration) -> Self {
        self.base = wait;
        self
    }

    /// Sets the maximum delay, before random variation; default: 30 s.
    #[must_use]
    pub fn cap(mut self, wait: Duration) -> Self {
        self.cap = wait;
        self
    }

    /// Sets the number of consecutive failed attempts after which the worker gives up; default:
    /// unlimited.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// The delay before an attempt after `failed` consecutive failures; `None` to give up.
    ///
    /// `random` selects the variation: 0 is -30 %, `u32::MAX` is +30 %.
    pub(crate) fn delay(&self, failed: u32, random: u32) -> Option<Duration> {
        if self.max_attempts.is_some_and(|most| failed >= most) {
            return None;
        }
        let wait = match failed.checked_sub(1) {
            None => self.first,
            Some(doubled) => self.base.saturating_mul(2_u32.saturating_pow(doubled)),
        };
        let factor = 0.7 + 0.6 * f64::from(random) / f64::from(u32::MAX);
        let wait = wait.min(self.cap);
        // An unlimited wait stays unlimited.
        let jittered = Duration::try_from_secs_f64(wait.as_secs_f64() * factor);
        Some(jittered.unwrap_or(wait))
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Backoff;

    /// This random number causes no variation except for rounding.
    const MIDDLE: u32 = u32::MAX / 2;

    fn millis(backoff: &Backoff, failed: u32, random: u32) -> u128 {
        backoff
            .delay(failed, random)
            .map(|wait| (wait + Duration::from_micros(500)).as_millis())
            .unwrap()
    }

    #[test]
    fn first_delay_is_short_then_doubles_to_the_cap() {
        let backoff = Backoff::new();
        let waits: Vec<_> = (0..8).map(|n| millis(&backoff, n, MIDDLE)).collect();
        assert_eq!(waits, [100, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        assert_eq!(millis(&backoff, u32::MAX, MIDDLE), 30000);
    }

    #[test]
    fn jitter_is_thirty_per_cent_either_way() {
        let backoff = Backoff::new();
        assert_eq!(millis(&backoff, 1, 0), 700);
        assert_eq!(millis(&backoff, 1, u32::MAX), 1300);
    }

    #[test]
    fn an_endless_wait_does_not_overflow() {
        let endless = Backoff::new().first(Duration::MAX).cap(Duration::MAX);
        assert_eq!(endless.delay(0, u32::MAX), Some(Duration::MAX));
    }

    #[test]
    fn attempts_end_where_told() {
        assert_eq!(Backoff::never().delay(0, 0), None);
        let two = Backoff::new().max_attempts(2);
        assert!(two.delay(1, 0).is_some());
        assert_eq!(two.delay(2, 0), None);
    }
}
