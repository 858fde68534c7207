use std::sync::atomic::{AtomicUsize, Ordering};

/// Messages that are read before what they led to is written: enough to share a system call,
/// few enough that a worker which never stops sending is also answered.
const ALONE: usize = 64;

/// The least, where many workers never stop sending.
const LEAST: usize = 4;

/// Shares the time of the engine between workers that never stop sending, and everybody else: the
/// more there are, the shorter is the turn of each, so that who waits for a turn waits no longer.
#[derive(Default)]
pub(super) struct Turns {
    /// Sessions whose last turn did not suffice.
    busy: AtomicUsize,
}

/// A session whose last turn did not suffice, until it is dropped.
pub(super) struct Busy<'a>(&'a Turns);

impl Turns {
    /// Messages of the next turn.
    pub(super) fn messages(&self) -> usize {
        let busy = self.busy.load(Ordering::Relaxed);
        (ALONE / busy.max(1)).max(LEAST)
    }

    pub(super) fn busy(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(self)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Turns;

    #[test]
    fn the_more_are_busy_the_shorter_are_turns() {
        let turns = Turns::default();
        let mut busy = Vec::new();
        for expected in [64, 64, 32, 21, 16] {
            assert_eq!(turns.messages(), expected);
            busy.push(turns.busy());
        }
        busy.extend((0..100).map(|_| turns.busy()));
        assert_eq!(turns.messages(), 4);
        drop(busy);
        assert_eq!(turns.messages(), 64);
    }
}
