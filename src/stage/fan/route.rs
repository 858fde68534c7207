/// Which branches an item goes to.
pub(crate) enum Route<T> {
    /// To all of them; the function clones.
    Everywhere(fn(&T) -> T),
    /// To the one that the function numbers.
    ByKey(Box<dyn FnMut(&T) -> usize + Send>),
    /// To the next one that has room.
    Room,
    /// To one after the other, with a message of the stream protocol at the end of each turn.
    Turns(Turns),
}

/// How many items a branch gets in its turn.
///
/// One at first, so that few items are spread over all branches; twice as many after each round,
/// so that many cost few messages; one again after a pause.
#[derive(Debug)]
pub(crate) struct Turns {
    length: usize,
    given: usize,
}

/// The longest turn; less than what waits in a queue between fused stages.
const LONGEST: usize = 64;

impl Turns {
    pub(crate) fn new() -> Self {
        Self {
            length: 1,
            given: 0,
        }
    }

    /// An item was given; whether the turn is over.
    pub(super) fn give(&mut self) -> bool {
        self.given += 1;
        self.given >= self.length
    }

    /// There is nothing to give for now; whether that ends a turn.
    pub(super) fn pause(&mut self) -> bool {
        self.length = 1;
        self.has_begun()
    }

    /// Whether an item was given in this turn.
    pub(super) fn has_begun(&self) -> bool {
        self.given > 0
    }

    /// The turn has ended; `round` with the last branch.
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
