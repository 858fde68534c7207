use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::metrics::{Metrics, Reason};

/// Connections that have sent nothing useful yet: no complete request, or a worker connection
/// without a message.
///
/// When the limit is exceeded, the oldest one is closed, not the newest: legitimate clients send
/// something within milliseconds, however many others never do.
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

    /// Adds a connection. If another one is closed to make room, `metrics` counts it.
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
    /// Cancelled when this connection must make room.
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
    fn oldest_silent_connection_makes_room() {
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
