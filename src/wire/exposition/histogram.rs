use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::Distribution;

/// Upper bounds of the buckets, in microseconds. A call within a process takes tens of
/// microseconds; the call of a stage lasts as long as its stream.
const BOUNDS: [u64; 17] = [
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    5_000_000,
    10_000_000,
    60_000_000,
    600_000_000,
];

/// A histogram of durations.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    /// Each duration is counted in the first bucket whose bound it does not exceed.
    buckets: [AtomicU64; BOUNDS.len()],
    /// Durations above the last bound.
    beyond: AtomicU64,
    micros: AtomicU64,
}

impl Histogram {
    pub(crate) fn observe(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let at = BOUNDS.partition_point(|bound| *bound < micros);
        self.buckets
            .get(at)
            .unwrap_or(&self.beyond)
            .fetch_add(1, Relaxed);
        self.micros.fetch_add(micros, Relaxed);
    }

    pub(crate) fn read(&self) -> Distribution {
        let mut count = 0;
        let buckets = BOUNDS.iter().zip(&self.buckets).map(|(bound, bucket)| {
            count += bucket.load(Relaxed);
            (Duration::from_micros(*bound), count)
        });
        let buckets = buckets.collect();
        Distribution {
            buckets,
            count: count + self.beyond.load(Relaxed),
            sum: Duration::from_micros(self.micros.load(Relaxed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BOUNDS, Histogram};

    #[test]
    fn a_time_counts_up_to_its_bound_and_beyond() {
        let histogram = Histogram::default();
        for micros in [0, 100, 101, 600_000_000, 600_000_001] {
            histogram.observe(Duration::from_micros(micros));
        }
        let read = histogram.read();
        assert_eq!(read.buckets.len(), BOUNDS.len());
        assert_eq!(read.buckets[0], (Duration::from_micros(100), 2));
        assert_eq!(read.buckets[1].1, 3);
        assert_eq!(read.buckets[16], (Duration::from_mins(10), 4));
        assert_eq!(read.count, 5);
        assert_eq!(read.sum, Duration::from_micros(1_200_000_202));
    }
}
