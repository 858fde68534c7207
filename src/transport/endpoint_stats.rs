use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::wire::Direction;

/// The traffic of all channel ends opened at one address.
#[derive(Debug, Default)]
pub(crate) struct EndpointStats {
    pub(crate) read: DirectionStats,
    pub(crate) written: DirectionStats,
}

/// The traffic of all ends of one direction.
#[derive(Debug, Default)]
pub(crate) struct DirectionStats {
    pub(crate) bytes: AtomicU64,
    pub(crate) items: AtomicU64,
    pub(crate) waited_micros: AtomicU64,
    pub(crate) complete: AtomicU64,
    pub(crate) failed: AtomicU64,
}

impl EndpointStats {
    pub(crate) fn of(&self, direction: Direction) -> &DirectionStats {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.written,
        }
    }
}

impl DirectionStats {
    /// Adds the traffic since the last call.
    pub(crate) fn add(&self, bytes: u64, items: u64, waited: Duration) {
        self.bytes.fetch_add(bytes, Relaxed);
        self.items.fetch_add(items, Relaxed);
        let micros = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        self.waited_micros.fetch_add(micros, Relaxed);
    }

    /// Records that a stream ended, completely or not.
    pub(crate) fn ended(&self, complete: bool) {
        let count = if complete {
            &self.complete
        } else {
            &self.failed
        };
        count.fetch_add(1, Relaxed);
    }
}
