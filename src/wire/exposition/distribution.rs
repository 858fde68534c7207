use std::time::Duration;

/// A distribution of durations, in cumulative buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Distribution {
    /// Upper bounds in ascending order, each with the number of durations that do not exceed it.
    pub buckets: Vec<(Duration, u64)>,
    /// The number of all durations, including those above the last bound.
    pub count: u64,
    /// The sum of all durations.
    pub sum: Duration,
}
