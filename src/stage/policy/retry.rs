use std::time::Duration;

use uuid::Uuid;

use crate::worker::Backoff;

/// How often a failed call is repeated, and after which delays.
#[derive(Clone, Debug)]
pub struct Retry(Vec<Level>);

/// One `retry` of a stage. An outer level repeats everything inside it.
#[derive(Clone, Debug)]
struct Level {
    times: u32,
    backoff: Backoff,
    /// Number of calls that this level has repeated.
    made: u32,
}

impl Retry {
    pub(super) fn new(times: u32, backoff: Backoff) -> Self {
        Self(vec![Level {
            times,
            backoff,
            made: 0,
        }])
    }

    /// Nests this level in another one.
    pub(super) fn within(mut self, outer: Self) -> Self {
        self.0.extend(outer.0);
        self
    }

    /// The delay before the next call; `None` if there is none.
    pub(in crate::stage) fn next_wait(&mut self) -> Option<Duration> {
        for at in 0..self.0.len() {
            let level = &mut self.0[at];
            if level.made == level.times {
                continue;
            }
            let random = Uuid::new_v4().as_fields().0;
            let Some(wait) = level.backoff.delay(level.made, random) else {
                continue;
            };
            level.made += 1;
            for inner in &mut self.0[..at] {
                inner.made = 0;
            }
            return Some(wait);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::iter::from_fn;
    use std::time::Duration;

    use super::Retry;
    use crate::worker::Backoff;

    fn retry(times: u32) -> Retry {
        let wait = Duration::from_millis(1);
        Retry::new(times, Backoff::new().first(wait).base(wait).cap(wait))
    }

    #[test]
    fn retries_within_retries_multiply_the_calls() {
        let calls = |mut retry: Retry| 1 + from_fn(|| retry.next_wait()).count();
        assert_eq!(calls(retry(0)), 1);
        assert_eq!(calls(retry(3)), 4);
        assert_eq!(calls(retry(1).within(retry(2))), 2 * 3);
        assert_eq!(calls(retry(2).within(retry(0)).within(retry(1))), 3 * 2);
    }
}
