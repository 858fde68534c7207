use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::time::Duration;

use super::windowed::Windowed;

/// Nanoseconds on the time scale of the windows. A sum of two `Duration`s does not overflow it.
type Nanos = u128;

/// How time is divided into windows.
pub(super) enum Cut<T> {
    /// Consecutive windows of this length.
    Tumbling(Nanos),
    /// Windows that start at multiples of `every` and may overlap.
    Sliding {
        size: Nanos,
        every: Nanos,
        clone: fn(&T) -> T,
    },
    /// Windows of items that follow each other within less than this.
    Session(Nanos),
}

/// The open windows of each key. It does no I/O and reads no clock.
///
/// A window contains the items from its start to its end, exclusive. It is closed when the
/// watermark reaches its end.
pub(super) struct WindowTable<K, T> {
    cut: Cut<T>,
    watermark: Nanos,
    /// The windows of each key, by start.
    open: HashMap<K, BTreeMap<Nanos, Open<T>>>,
    /// The key of each window, by end, start and number.
    ends: BTreeMap<(Nanos, Nanos, u64), K>,
    /// Number of the next window.
    next: u64,
    /// Number of the next item.
    arrivals: u64,
    held: usize,
    /// Maximum number of items held.
    limit: usize,
}

struct Open<T> {
    end: Nanos,
    number: u64,
    /// The items with their arrival numbers.
    items: Vec<(u64, T)>,
}

/// What happened to an item.
#[derive(Debug, PartialEq)]
pub(super) enum Inserted<T> {
    Held,
    /// All of its windows are closed.
    Late(T),
    /// It falls between two windows, and is dropped.
    Between,
    /// The maximum number of items is held.
    Full,
}

impl<K: Eq + Hash + Clone, T> WindowTable<K, T> {
    pub(super) fn new(cut: Cut<T>, limit: usize) -> Self {
        Self {
            cut,
            watermark: 0,
            open: HashMap::new(),
            ends: BTreeMap::new(),
            next: 0,
            arrivals: 0,
            held: 0,
            limit,
        }
    }

    /// Inserts an item with the time `time` into its windows.
    pub(super) fn insert(&mut self, time: Duration, key: &K, item: T) -> Inserted<T> {
        let time = time.as_nanos();
        self.arrivals += 1;
        match self.cut {
            Cut::Tumbling(size) => {
                let start = time - time % size;
                self.insert_at(start, start + size, key, item)
            }
            Cut::Sliding { size, every, clone } => {
                self.insert_sliding(time, size, every, clone, key, item)
            }
            Cut::Session(gap) => {
                let (start, end) = self.merge(time, time + gap, key);
                self.insert_at(start, end, key, item)
            }
        }
    }

    fn insert_sliding(
        &mut self,
        time: Nanos,
        size: Nanos,
        every: Nanos,
        clone: fn(&T) -> T,
        key: &K,
        item: T,
    ) -> Inserted<T> {
        let mut start = time - time % every;
        let mut inserted = false;
        // From the last of its windows back to the first that is still open.
        while start + size > time && start + size > self.watermark {
            if let Inserted::Full = self.insert_at(start, start + size, key, clone(&item)) {
                return Inserted::Full;
            }
            inserted = true;
            match start.checked_sub(every) {
                Some(before) => start = before,
                None => break,
            }
        }
        if inserted {
            Inserted::Held
        } else if start + size <= time {
            Inserted::Between
        } else {
            Inserted::Late(item)
        }
    }

    /// Merges the sessions that overlap the span, and returns the merged span.
    fn merge(&mut self, mut start: Nanos, mut end: Nanos, key: &K) -> (Nanos, Nanos) {
        let (time, until) = (start, end);
        let Some(sessions) = self.open.get_mut(key) else {
            return (start, end);
        };
        let mut merged: Option<Open<T>> = None;
        // Sessions of a key do not overlap, so the order of their starts is also that of their
        // ends.
        while let Some((&at, session)) = sessions.range(..until).next_back()
            && session.end > time
        {
            let Some(mut session) = sessions.remove(&at) else {
                break;
            };
            self.ends.remove(&(session.end, at, session.number));
            (start, end) = (start.min(at), end.max(session.end));
            if let Some(later) = merged {
                session.number = session.number.min(later.number);
                session.items.extend(later.items);
                session.items.sort_by_key(|(arrival, _)| *arrival);
            }
            merged = Some(session);
        }
        if let Some(session) = merged {
            self.ends.insert((end, start, session.number), key.clone());
            sessions.insert(start, Open { end, ..session });
        }
        (start, end)
    }

    fn insert_at(&mut self, start: Nanos, end: Nanos, key: &K, item: T) -> Inserted<T> {
        if end <= self.watermark {
            return Inserted::Late(item);
        }
        if self.held >= self.limit {
            return Inserted::Full;
        }
        self.held += 1;
        if !self.open.contains_key(key) {
            self.open.insert(key.clone(), BTreeMap::new());
        }
        let arrival = self.arrivals;
        if let Some(windows) = self.open.get_mut(key) {
            let window = windows.entry(start).or_insert_with(|| {
                let number = self.next;
                self.next += 1;
                self.ends.insert((end, start, number), key.clone());
                Open {
                    end,
                    number,
                    items: Vec::new(),
                }
            });
            window.items.push((arrival, item));
        }
        Inserted::Held
    }

    /// Advances the watermark; it never goes back.
    pub(super) fn advance(&mut self, watermark: Duration) {
        self.watermark = self.watermark.max(watermark.as_nanos());
    }

    /// Closes every window.
    pub(super) fn end(&mut self) {
        self.watermark = Nanos::MAX;
    }

    /// Returns the next closed window, ordered by end, then start, then the order in which they
    /// were opened.
    pub(super) fn close(&mut self) -> Option<Windowed<K, T>> {
        let entry = self.ends.first_entry()?;
        let (end, start, _) = *entry.key();
        if end > self.watermark {
            return None;
        }
        let key = entry.remove();
        let windows = self.open.get_mut(&key)?;
        let window = windows.remove(&start)?;
        if windows.is_empty() {
            self.open.remove(&key);
        }
        self.held -= window.items.len();
        Some(Windowed {
            key,
            start: duration(start),
            end: duration(end),
            items: window.items.into_iter().map(|(_, item)| item).collect(),
        })
    }

    /// When the next window ends.
    pub(super) fn next_end(&self) -> Option<Duration> {
        let ((end, ..), _) = self.ends.first_key_value()?;
        Some(duration(*end))
    }
}

fn duration(nanos: Nanos) -> Duration {
    const SECOND: Nanos = 1_000_000_000;
    let Ok(seconds) = u64::try_from(nanos / SECOND) else {
        return Duration::MAX;
    };
    Duration::new(seconds, u32::try_from(nanos % SECOND).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Cut, Inserted, WindowTable};

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn table(cut: Cut<u64>) -> WindowTable<(), u64> {
        WindowTable::new(cut, 100)
    }

    /// Start, end and items of each closed window, in seconds.
    fn closed(table: &mut WindowTable<(), u64>) -> Vec<(u64, u64, Vec<u64>)> {
        std::iter::from_fn(|| table.close())
            .map(|window| (window.start.as_secs(), window.end.as_secs(), window.items))
            .collect()
    }

    #[test]
    fn tumbling_windows_close_at_the_watermark() {
        let mut table = table(Cut::Tumbling(s(10).as_nanos()));
        for time in [3, 10, 9, 25] {
            assert_eq!(table.insert(s(time), &(), time), Inserted::Held);
        }
        table.advance(s(10));
        assert_eq!(closed(&mut table), [(0, 10, vec![3, 9])]);
        assert_eq!(table.insert(s(9), &(), 9), Inserted::Late(9));
        assert_eq!(table.next_end(), Some(s(20)));
        table.end();
        assert_eq!(closed(&mut table), [(10, 20, vec![10]), (20, 30, vec![25])]);
    }

    #[test]
    fn an_item_is_in_each_sliding_window_that_is_open() {
        let cut = Cut::Sliding {
            size: s(10).as_nanos(),
            every: s(4).as_nanos(),
            clone: Clone::clone,
        };
        let mut table = table(cut);
        assert_eq!(table.insert(s(9), &(), 9), Inserted::Held);
        table.advance(s(10));
        assert_eq!(closed(&mut table), [(0, 10, vec![9])]);
        // Of the windows 0..10, 4..14 and 8..18, the first is already closed.
        assert_eq!(table.insert(s(8), &(), 8), Inserted::Held);
        table.end();
        assert_eq!(
            closed(&mut table),
            [(4, 14, vec![9, 8]), (8, 18, vec![9, 8])]
        );
    }

    #[test]
    fn an_item_between_two_sessions_joins_them() {
        let mut table = table(Cut::Session(s(5).as_nanos()));
        for time in [20, 14, 10, 17, 30] {
            assert_eq!(table.insert(s(time), &(), time), Inserted::Held);
        }
        table.advance(s(25));
        assert_eq!(closed(&mut table), [(10, 25, vec![20, 14, 10, 17])]);
        assert_eq!(table.insert(s(20), &(), 20), Inserted::Late(20));
        table.end();
        assert_eq!(closed(&mut table), [(30, 35, vec![30])]);
    }

    #[test]
    fn items_beyond_the_limit_are_refused() {
        let mut table = WindowTable::new(Cut::Tumbling(10), 1);
        assert_eq!(table.insert(s(1), &"a", 1), Inserted::Held);
        assert_eq!(table.insert(s(1), &"b", 2), Inserted::Full);
        table.end();
        assert_eq!(table.close().unwrap().key, "a");
        table.watermark = 0;
        assert_eq!(table.insert(s(1), &"b", 2), Inserted::Held);
    }
}
