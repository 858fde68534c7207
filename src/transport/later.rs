use std::time::{Duration, Instant};

/// Longer than any process runs; longer waits are shortened to this.
pub(crate) const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Returns `start` plus `wait`. A wait that the clock cannot express becomes a century.
///
/// `Instant + Duration` panics on overflow, and most waits come from a setting or a peer. The sum
/// is therefore computed only here; a test in `tests/it/architecture` checks this.
pub(crate) fn later<T: Into<Instant> + From<Instant>>(start: T, wait: Duration) -> T {
    let start = start.into();
    let until = start.checked_add(wait);
    until
        .or_else(|| start.checked_add(CENTURY))
        .unwrap_or(start)
        .into()
}

/// The time of tokio's clock, which tests can pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::later;

    #[test]
    fn a_wait_beyond_the_clock_is_a_century() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        assert_eq!(later(start, second) - start, second);
        let endless = later(tokio::time::Instant::from_std(start), Duration::MAX).into_std();
        assert!(endless - start > 90 * 365 * 24 * 3600 * second);
    }
}
