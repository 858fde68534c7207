/// The branches that receive an item.
pub(crate) enum Route<T> {
    /// All branches; the function clones the item.
    Everywhere(fn(&T) -> T),
    /// The branch whose number the function returns.
    ByKey(Box<dyn FnMut(&T) -> usize + Send>),
    /// The next branch that has room.
    Room,
    /// One branch after another, with a message of the stream protocol at the end of each turn.
    Turns(Turns),
}

/// The number of items in a branch's turn.
///
/// It starts at one, so that few items are spread over all branches. It doubles after each round,
/// so that many items need few messages, and returns to one after a pause.
#[derive(Debug)]
pub(crate) struct Turns {
    length: usize,
    given: usize,
}

/// Maximum length of a turn; less than the capacity of a queue between fused stages.
const LONGEST: usize = 64;

impl Turns {
    pub(crate) fn new() -> Self {
        Self {
            length: 1,
            given: 0,
        }
    }

    /// Records that an item was forwarded. Returns whether the turn is over.
    pub(super) fn give(&mut self) -> bool {
        self.given += 1;
        self.given >= self.length
    }

    /// Records that there is no item for now. Returns whether that ends a turn.
    pub(super) fn pause(&mut self) -> bool {
        self.length = 1;
        self.has_begun()
    }

    /// Whether an item was forwarded in this turn.
    pub(super) fn has_begun(&self) -> bool {
        self.given > 0
    }

    /// Ends the turn. `round` states whether it was the last branch's.
    pub(super) fn end(&mut self, round: bool) {
        self.given = 0;
        if round {
            self.length = (self.length * 2).min(LONGEST);
        }
    }
}

impl<T> Route<T> {
    pub(crate) fn turns() -> Self {
        Self::Turns(Turns::new())
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;

    #[test]
    fn turns_grow_round_by_round_and_shrink_after_a_pause() {
        let mut turns = Turns::new();
        let mut lengths = Vec::new();
        for round in 0..9 {
            for branch in 0..2 {
                let mut length = 1;
                while !turns.give() {
                    length += 1;
                }
                turns.end(branch == 1);
                if branch == 0 {
                    lengths.push(length);
                }
            }
            assert_eq!(round + 1, lengths.len());
        }
        assert_eq!(lengths, [1, 2, 4, 8, 16, 32, 64, 64, 64]);
        assert!(!turns.pause());
        assert!(turns.give());
    }
}
