use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio_util::sync::CancellationToken;

use super::super::metrics::{Metrics, Reason};
use crate::sync::MutexExt;

/// Connections that have sent no complete request yet, and worker connections without a message.
///
/// When the limit is exceeded, the oldest one is closed, not the newest. Legitimate clients send
/// something within milliseconds, so they are safe from clients that never do.
pub(in crate::engine) struct PendingConnections {
    max: usize,
    /// Protects the table for one operation.
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    /// In order of arrival. Bounded by `max`.
    waiting: BTreeMap<u64, CancellationToken>,
}

/// One of the [`PendingConnections`], until it is dropped.
pub(in crate::engine) struct PendingConnection {
    pending_connections: Arc<PendingConnections>,
    number: u64,
    cut: CancellationToken,
}

impl PendingConnections {
    pub(in crate::engine) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max: max.max(1),
            table: Mutex::default(),
        })
    }

    /// Adds a connection. If another one is closed to make room, `metrics` counts it.
    pub(in crate::engine) fn enter(self: &Arc<Self>, metrics: &Metrics) -> PendingConnection {
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
            metrics.refused(Reason::PendingConnections);
            oldest.cancel();
        }
        PendingConnection {
            pending_connections: Arc::clone(self),
            number,
            cut,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock_unpoisoned()
    }
}

impl PendingConnection {
    /// Cancelled when this connection must be closed to make room.
    pub(in crate::engine) fn cut(&self) -> CancellationToken {
        self.cut.clone()
    }
}

impl Drop for PendingConnection {
    fn drop(&mut self) {
        self.pending_connections.lock().waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::PendingConnections;
    use crate::engine::metrics::Metrics;

    #[test]
    fn oldest_silent_connection_makes_room() {
        let (pending_connections, metrics) = (PendingConnections::new(2), Metrics::new());
        let [first, second] = [(); 2].map(|()| pending_connections.enter(&metrics));
        let spoken = first.cut();
        drop(first);
        let third = pending_connections.enter(&metrics);
        assert!(!second.cut().is_cancelled());
        let fourth = pending_connections.enter(&metrics);
        assert!(second.cut().is_cancelled());
        let cut =
            [&third, &fourth].map(|pending_connection| pending_connection.cut().is_cancelled());
        assert_eq!(cut, [false; 2]);
        assert!(!spoken.is_cancelled());
        drop((second, third, fourth));
        assert!(pending_connections.lock().waiting.is_empty());
    }
}
