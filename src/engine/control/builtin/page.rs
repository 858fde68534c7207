use std::collections::HashMap;

use serde::Serialize;

use super::functions::payload;
use crate::wire::{ErrorBody, Payload};

/// The entries of a list that fit into a message.
///
/// Workers share the room. A worker that needs less than its share is listed completely and leaves
/// the rest to the others, so long names of one worker do not displace the others.
pub(in crate::engine::control) struct Page<'a> {
    /// Number of bytes left.
    room: usize,
    /// Number of bytes left for each worker.
    shares: HashMap<&'a str, usize>,
    entries: Vec<Payload>,
    left_out: usize,
}

impl<'a> Page<'a> {
    /// Creates a page of `room` bytes for workers with entries of these sizes.
    pub(in crate::engine::control) fn new(room: usize, sizes: &HashMap<&'a str, usize>) -> Self {
        let mut smallest_first: Vec<_> = sizes
            .iter()
            .map(|(worker, size)| (*size, *worker))
            .collect();
        smallest_first.sort_unstable();
        let (mut left, mut workers) = (room, smallest_first.len());
        let mut shares = HashMap::with_capacity(workers);
        for (size, worker) in smallest_first {
            let share = size.min(left / workers.max(1));
            left -= share;
            workers -= 1;
            shares.insert(worker, share);
        }
        Self {
            room,
            shares,
            entries: Vec::new(),
            left_out: 0,
        }
    }

    /// Whether all entries of a worker, `size` bytes in total, fit.
    pub(in crate::engine::control) fn fits(&self, worker: &str, size: usize) -> bool {
        self.shares.get(worker).is_some_and(|share| size <= *share)
    }

    /// Adds an entry of a worker, if it fits.
    pub(in crate::engine::control) fn add<T: Serialize>(
        &mut self,
        worker: &str,
        entry: &T,
    ) -> Result<(), ErrorBody> {
        let entry = payload(entry)?;
        // Includes the comma.
        let len = entry.as_json().len() + 1;
        match self.shares.get_mut(worker) {
            Some(share) if len <= *share && len <= self.room => {
                *share -= len;
                self.room -= len;
                self.entries.push(entry);
            }
            _ => self.left_out += 1,
        }
        Ok(())
    }

    pub(in crate::engine::control) fn entries(&self) -> &[Payload] {
        &self.entries
    }

    /// Number of entries that did not fit.
    pub(in crate::engine::control) fn left_out(&self) -> usize {
        self.left_out
    }
}

/// Length of a string as JSON, including quotes.
pub(in crate::engine::control) fn json_len(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(escaped).sum::<usize>() + 2
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Page, json_len};

    #[test]
    fn worker_with_long_entries_does_not_keep_others_out() {
        let sizes = HashMap::from([("greedy", 10 * 103), ("modest", 2 * 13)]);
        let mut page = Page::new(500, &sizes);
        assert!(page.fits("modest", 26) && !page.fits("greedy", 1030));
        for _ in 0..10 {
            page.add("greedy", &"g".repeat(100)).unwrap();
        }
        for _ in 0..2 {
            page.add("modest", &"m".repeat(10)).unwrap();
        }
        assert_eq!(page.entries().len(), 4 + 2);
        assert_eq!(page.left_out(), 6);
    }

    #[test]
    fn everything_is_listed_if_it_fits() {
        let sizes = HashMap::from([("one", 103), ("two", 103)]);
        let mut page = Page::new(206, &sizes);
        for worker in ["one", "two"] {
            page.add(worker, &"x".repeat(100)).unwrap();
        }
        assert_eq!((page.entries().len(), page.left_out()), (2, 0));
    }

    #[test]
    fn length_of_a_text_is_that_of_its_json() {
        for text in ["", "plain", "a\"b\\c", "\u{1}\u{1f}", "n\u{e9}"] {
            let json = serde_json::to_string(text).unwrap();
            assert!(json_len(text) >= json.len(), "{json}");
        }
    }
}
