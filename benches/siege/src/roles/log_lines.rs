use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Counts log lines instead of writing them, because the cost of writing many depends on their
/// destination.
#[derive(Clone)]
pub(super) struct LogLines(Arc<AtomicU64>);

impl LogLines {
    /// Starts to count, for the whole process.
    pub(super) fn count() -> Self {
        let lines = Self(Arc::default());
        // This program has only one subscriber.
        let _ = tracing::subscriber::set_global_default(lines.clone());
        lines
    }

    pub(super) fn lines(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Subscriber for LogLines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
