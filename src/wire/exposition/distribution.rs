use std::time::Duration;

/// How long things took: how many took how long at the most.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Distribution {
    /// Bounds, the shortest first, and how many took no longer than each, those of the bounds before
    /// among them.
    pub buckets: Vec<(Duration, u64)>,
    /// How many there were, those that took longer than every bound among them.
    pub count: u64,
    /// How long they took together.
    pub sum: Duration,
}
