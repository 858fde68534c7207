use std::collections::HashMap;

/// Decides which entries of a list fit into a message, by their maximum lengths as JSON.
///
/// Workers share the room. A worker that needs less than its share is listed completely and leaves
/// the rest to the others, so long names of one worker do not displace the others.
pub(in crate::engine::control) struct Page<'a> {
    /// Number of bytes left for each worker. Together they fit.
    shares: HashMap<&'a str, usize>,
    /// Number of bytes of shares that were too small for an entry; used by the next entries.
    spare: usize,
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
            shares,
            spare: 0,
            left_out: 0,
        }
    }

    /// Whether all entries of a worker, `size` bytes in total, fit.
    pub(in crate::engine::control) fn fits(&self, worker: &str, size: usize) -> bool {
        self.shares.get(worker).is_some_and(|share| size <= *share)
    }

    /// Takes the room for an entry of a worker, which has at most `size` bytes without the comma
    /// after it. Returns whether it fits.
    pub(in crate::engine::control) fn reserve(&mut self, worker: &str, size: usize) -> bool {
        let Some(share) = self.shares.get_mut(worker) else {
            self.left_out += 1;
            return false;
        };
        if let Some(rest) = share.checked_sub(size) {
            *share = rest;
            return true;
        }
        self.spare += std::mem::take(share);
        if let Some(rest) = self.spare.checked_sub(size) {
            self.spare = rest;
            return true;
        }
        self.left_out += 1;
        false
    }

    /// Number of bytes left for a worker.
    pub(in crate::engine::control) fn share(&self, worker: &str) -> usize {
        self.shares.get(worker).copied().unwrap_or(0)
    }

    /// Number of entries that did not fit.
    pub(in crate::engine::control) fn left_out(&self) -> usize {
        self.left_out
    }
}

/// Maximum length of a string as JSON, including quotes.
pub(in crate::engine::control) fn json_len(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(escaped).sum::<usize>() + 2
}

/// Length of a text as JSON; nothing if it is absent.
pub(in crate::engine::control) fn size_of(text: Option<&str>) -> usize {
    text.map_or(0, json_len)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
pub(in crate::engine::control) fn is_zero(number: &usize) -> bool {
    *number == 0
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
        let greedy = (0..10).filter(|_| page.reserve("greedy", 103)).count();
        let modest = (0..2).filter(|_| page.reserve("modest", 13)).count();
        assert_eq!((greedy, modest, page.left_out()), (4, 2, 6));
    }

    #[test]
    fn shares_that_are_too_small_for_an_entry_are_used_by_others() {
        let names: Vec<_> = (0..10).map(|n| n.to_string()).collect();
        let sizes = names.iter().map(|name| (name.as_str(), 30)).collect();
        let mut page = Page::new(100, &sizes);
        let listed = names.iter().filter(|name| page.reserve(name, 30)).count();
        assert_eq!((listed, page.left_out()), (3, 7));
    }

    #[test]
    fn everything_is_listed_if_it_fits() {
        let sizes = HashMap::from([("one", 103), ("two", 103)]);
        let mut page = Page::new(206, &sizes);
        assert!(page.reserve("one", 103) && page.reserve("two", 103));
        assert_eq!(page.left_out(), 0);
    }

    #[test]
    fn length_of_a_text_is_that_of_its_json() {
        for text in ["", "plain", "a\"b\\c", "\u{1}\u{1f}", "n\u{e9}"] {
            let json = serde_json::to_string(text).unwrap();
            assert!(json_len(text) >= json.len(), "{json}");
        }
    }
}
