use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::metrics::{Metrics, Reason};

/// Connections that have said nothing yet: their request is not there, or it was that of a worker
/// and no message has followed.
///
/// Of more than there may be the oldest is cut off, not the newest: who means well says something
/// within milliseconds, however many others never do.
pub(super) struct Newcomers {
    max: usize,
    /// Protects the table for one operation.
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    /// By order of arrival. Bounded by `max`.
    waiting: BTreeMap<u64, CancellationToken>,
}

/// One of the [`Newcomers`], until it is dropped.
pub(super) struct Newcomer {
    newcomers: Arc<Newcomers>,
    number: u64,
    cut: CancellationToken,
}

impl Newcomers {
    pub(super) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max: max.max(1),
            table: Mutex::default(),
        })
    }

    /// Adds one; `metrics` is told if another has to make room.
    pub(super) fn enter(self: &Arc<Self>, metrics: &Metrics) -> Newcomer {
        let cut = CancellationToken::new();
        let mut table = self.lock();
        let number = table.next;
        table.next += 1;
        table.waiting.insert(number, cut.clone());
        let oldest = if table.waiting.len() > self.max {
            table.waiting.pop_first()
        } else {
            None
        };
        drop(table);
        if let Some((_, oldest)) = oldest {
            metrics.refused(Reason::Newcomers);
            oldest.cancel();
        }
        Newcomer {
            newcomers: Arc::clone(self),
            number,
            cut,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Newcomer {
    /// Fires when this one has to make room.
    pub(super) fn cut(&self) -> CancellationToken {
        self.cut.clone()
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        self.newcomers.lock().waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::Newcomers;
    use crate::engine::metrics::Metrics;

    #[test]
    fn the_oldest_makes_room_and_who_has_spoken_is_left_alone() {
        let (newcomers, metrics) = (Newcomers::new(2), Metrics::new());
        let [first, second] = [(); 2].map(|()| newcomers.enter(&metrics));
        let spoken = first.cut();
        drop(first);
        let third = newcomers.enter(&metrics);
        assert!(!second.cut().is_cancelled());
        let fourth = newcomers.enter(&metrics);
        assert!(second.cut().is_cancelled());
        let cut = [&third, &fourth].map(|newcomer| newcomer.cut().is_cancelled());
        assert_eq!(cut, [false; 2]);
        assert!(!spoken.is_cancelled());
        drop((second, third, fourth));
        assert!(newcomers.lock().waiting.is_empty());
    }
}
