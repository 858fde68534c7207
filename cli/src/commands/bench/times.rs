use std::time::Duration;

use serde::Serialize;

/// Maximum number of samples: enough for the reported percentiles.
const MOST: usize = 1_000_000;

/// A series of durations.
#[derive(Default)]
pub(super) struct Times(Vec<Duration>);

/// Statistics of a series, in microseconds.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    pub(super) samples: usize,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) max_us: f64,
}

impl Times {
    pub(super) fn add(&mut self, time: Duration) {
        if self.0.len() < MOST {
            self.0.push(time);
        }
    }

    /// The median, the 99th percentile and the maximum.
    pub(super) fn spread(mut self) -> Spread {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        let at = |place: usize| {
            let time = self.0.get(place).copied().unwrap_or_default();
            time.as_secs_f64() * 1e6
        };
        Spread {
            samples: self.0.len(),
            p50_us: at(last / 2),
            p99_us: at(last * 99 / 100),
            max_us: at(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Spread, Times};

    #[test]
    fn the_middle_and_the_worst_are_told() {
        let mut times = Times::default();
        for micros in (0..=100).rev() {
            times.add(Duration::from_micros(micros));
        }
        let spread = times.spread();
        let near = |left: f64, right: f64| (left - right).abs() < 1e-6;
        assert_eq!(spread.samples, 101);
        assert!(
            near(spread.p50_us, 50.0) && near(spread.p99_us, 99.0),
            "{spread:?}"
        );
        assert!(near(spread.max_us, 100.0), "{spread:?}");
        let none = Spread {
            samples: 0,
            p50_us: 0.0,
            p99_us: 0.0,
            max_us: 0.0,
        };
        assert_eq!(Times::default().spread(), none);
    }
}
