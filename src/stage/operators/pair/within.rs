use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::time::Duration;

use super::pairing::{Pairing, Wanted};
use crate::error::Error;

/// Default limit of items that a join holds.
const LIMIT: usize = 1 << 20;

/// Defines the pairs of [`Pipeline::join`](crate::Pipeline::join): items with equal keys whose
/// timestamps differ by at most `within`.
///
/// The timestamps are read from the items. Within each stream, they may be out of order by up to
/// [`lateness`](Self::lateness).
pub struct JoinWithin<A, B, K> {
    within: Duration,
    lateness: Duration,
    limit: usize,
    left: Of<A, K>,
    right: Of<B, K>,
}

/// Returns the key and the time of an item.
type Of<T, K> = Box<dyn FnMut(&T) -> (K, Duration) + Send>;

impl<A, B, K> JoinWithin<A, B, K> {
    /// Pairs items whose timestamps differ by at most `within`. `left` and `right` return the key
    /// of an item and its timestamp, such as the time since the Unix epoch.
    pub fn new(
        within: Duration,
        left: impl FnMut(&A) -> (K, Duration) + Send + 'static,
        right: impl FnMut(&B) -> (K, Duration) + Send + 'static,
    ) -> Self {
        Self {
            within,
            lateness: Duration::ZERO,
            limit: LIMIT,
            left: Box::new(left),
            right: Box::new(right),
        }
    }

    /// Sets how far the items of a stream may be out of order; default: zero. An item that is later
    /// than this misses partners that were already dropped.
    #[must_use]
    pub fn lateness(self, lateness: Duration) -> Self {
        Self { lateness, ..self }
    }

    /// Sets how many items may be held; default: 1,048,576. The run fails if an item exceeds the
    /// limit.
    #[must_use]
    pub fn limit(self, items: usize) -> Self {
        Self {
            limit: items,
            ..self
        }
    }
}

impl<A, B, K> fmt::Debug for JoinWithin<A, B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinWithin")
            .field("within", &self.within)
            .field("lateness", &self.lateness)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// One of the two streams.
struct Side<T, K> {
    /// The held items of each key, by time, then by number.
    held: HashMap<K, BTreeMap<(Duration, u64), T>>,
    /// The key of each held item, by time and number.
    times: BTreeMap<(Duration, u64), K>,
    /// The latest time so far; `None` before the first item.
    latest: Option<Duration>,
    next: u64,
    ended: bool,
}

impl<T: Clone, K: Eq + Hash + Clone> Side<T, K> {
    fn new() -> Self {
        Self {
            held: HashMap::new(),
            times: BTreeMap::new(),
            latest: None,
            next: 0,
            ended: false,
        }
    }

    fn put(&mut self, key: K, time: Duration, item: T) {
        let at = (time, self.next);
        self.next += 1;
        self.times.insert(at, key.clone());
        self.held.entry(key).or_default().insert(at, item);
    }

    /// The held items of `key` whose times differ from `time` by at most `within`.
    fn near(&self, key: &K, time: Duration, within: Duration) -> Vec<T> {
        let Some(held) = self.held.get(key) else {
            return Vec::new();
        };
        let (from, to) = (time.saturating_sub(within), time.saturating_add(within));
        let near = held.range((from, 0)..=(to, u64::MAX));
        near.map(|(_, item)| item.clone()).collect()
    }

    /// Drops the items before `time`.
    fn drop_before(&mut self, time: Duration) {
        while let Some(first) = self.times.first_entry()
            && first.key().0 < time
        {
            let (at, key) = first.remove_entry();
            if let Some(held) = self.held.get_mut(&key) {
                held.remove(&at);
                if held.is_empty() {
                    self.held.remove(&key);
                }
            }
        }
    }
}

/// Joins two streams by the timestamps of their items. It does no I/O and reads no clock.
///
/// Each item is held until the other stream has passed its timestamp by `within` plus `lateness`. A
/// stream that is ahead by that much is not read, so it waits for the other one.
pub(crate) struct WithinTable<A, B, K> {
    join: JoinWithin<A, B, K>,
    left: Side<A, K>,
    right: Side<B, K>,
    due: VecDeque<(A, B)>,
}

impl<A: Clone, B: Clone, K: Eq + Hash + Clone> WithinTable<A, B, K> {
    pub(crate) fn new(join: JoinWithin<A, B, K>) -> Self {
        Self {
            join,
            left: Side::new(),
            right: Side::new(),
            due: VecDeque::new(),
        }
    }

    /// How far behind the latest item of the other stream an item may be and still find a partner.
    fn keep(&self) -> Duration {
        self.join.within.saturating_add(self.join.lateness)
    }

    /// Drops the items that can have no more partners, and checks the limit.
    fn settle(&mut self) -> Result<(), Error> {
        let keep = self.keep();
        if let Some(latest) = self.right.latest {
            self.left.drop_before(latest.saturating_sub(keep));
        }
        if let Some(latest) = self.left.latest {
            self.right.drop_before(latest.saturating_sub(keep));
        }
        if self.left.times.len() + self.right.times.len() > self.join.limit {
            return Err(Error::msg(format_args!(
                "the join holds {} items, which is its limit: raise it with `JoinWithin::limit`, or \
                 join within a shorter time",
                self.join.limit
            )));
        }
        Ok(())
    }

    /// Whether a stream at `latest` is so far ahead of `other` that its items cannot have partners
    /// yet.
    fn is_ahead(&self, latest: Option<Duration>, other: Option<Duration>) -> bool {
        match (latest, other) {
            (Some(latest), Some(other)) => latest > other.saturating_add(self.keep()),
            (Some(_), None) => true,
            (None, _) => false,
        }
    }
}

impl<A, B, K> Pairing<A, B> for WithinTable<A, B, K>
where
    A: Clone + Send + 'static,
    B: Clone + Send + 'static,
    K: Eq + Hash + Clone + Send + 'static,
{
    type Out = (A, B);

    fn wanted(&self) -> Wanted {
        match (self.left.ended, self.right.ended) {
            (true, true) => return Wanted::Nothing,
            // An item that is no longer held finds no partner.
            (true, false) if self.left.times.is_empty() => return Wanted::Nothing,
            (false, true) if self.right.times.is_empty() => return Wanted::Nothing,
            (true, false) => return Wanted::Right,
            (false, true) => return Wanted::Left,
            (false, false) => {}
        }
        let (left, right) = (self.left.latest, self.right.latest);
        if self.is_ahead(left, right) {
            Wanted::Right
        } else if self.is_ahead(right, left) {
            Wanted::Left
        } else {
            Wanted::Any
        }
    }

    fn left(&mut self, item: A) -> Result<(), Error> {
        let (key, time) = (self.join.left)(&item);
        let near = self.right.near(&key, time, self.join.within);
        let pairs = near.into_iter().map(|other| (item.clone(), other));
        self.due.extend(pairs);
        self.left.latest = self.left.latest.max(Some(time));
        if !self.right.ended {
            self.left.put(key, time, item);
        }
        self.settle()
    }

    fn right(&mut self, item: B) -> Result<(), Error> {
        let (key, time) = (self.join.right)(&item);
        let near = self.left.near(&key, time, self.join.within);
        let pairs = near.into_iter().map(|other| (other, item.clone()));
        self.due.extend(pairs);
        self.right.latest = self.right.latest.max(Some(time));
        if !self.left.ended {
            self.right.put(key, time, item);
        }
        self.settle()
    }

    fn left_ended(&mut self) {
        self.left.ended = true;
        self.right.drop_before(Duration::MAX);
    }

    fn right_ended(&mut self) {
        self.right.ended = true;
        self.left.drop_before(Duration::MAX);
    }

    fn due(&mut self) -> Option<(A, B)> {
        self.due.pop_front()
    }
}
