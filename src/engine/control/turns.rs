use std::sync::atomic::{AtomicUsize, Ordering};

/// Number of messages to read before their results are written: enough to share a system call, and
/// few enough to answer a worker that never stops sending.
const ALONE: usize = 64;

/// The minimum, when many workers never stop sending.
const LEAST: usize = 4;

/// Shares the engine's time between workers that never stop sending and all others. The more of
/// them there are, the shorter are their turns, so that others do not wait longer.
#[derive(Default)]
pub(super) struct Turns {
    /// Number of sessions whose last turn was not sufficient.
    busy: AtomicUsize,
}

/// A session whose last turn was not sufficient; ends when dropped.
pub(super) struct Busy<'a>(&'a Turns);

impl Turns {
    /// Number of messages in the next turn.
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
