use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Numbers of failures, by kind.
type Errors = BTreeMap<String, u64>;

/// What sinks have read.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SinkCounts {
    /// Streams that ended completely.
    pub(crate) streams: u64,
    pub(crate) bytes: u64,
    /// Complete streams that differ from what was sent.
    pub(crate) wrong: u64,
    /// Streams that ended with an error.
    pub(crate) errors: Errors,
}

/// What sources have written.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SourceCounts {
    pub(crate) streams: u64,
    pub(crate) errors: Errors,
}

/// What workers that come and go have done.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ChurnCounts {
    /// Number of connections.
    pub(crate) visits: u64,
    /// Number of graceful disconnects among them.
    pub(crate) polite: u64,
    /// Number of answered calls between them.
    pub(crate) answered: u64,
    /// Number of streams that a sink has confirmed.
    pub(crate) streams: u64,
    /// Number of streams that were interrupted by a disconnect.
    pub(crate) left: u64,
    pub(crate) errors: Errors,
}

impl SinkCounts {
    pub(super) fn add(&mut self, other: Self) {
        self.streams += other.streams;
        self.bytes += other.bytes;
        self.wrong += other.wrong;
        join(&mut self.errors, other.errors);
    }
}

impl SourceCounts {
    pub(crate) fn error(&mut self, error: String) {
        *self.errors.entry(error).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.streams += other.streams;
        join(&mut self.errors, other.errors);
    }
}

impl ChurnCounts {
    pub(super) fn add(&mut self, other: Self) {
        self.visits += other.visits;
        self.polite += other.polite;
        self.answered += other.answered;
        self.streams += other.streams;
        self.left += other.left;
        join(&mut self.errors, other.errors);
    }
}

fn join(errors: &mut Errors, others: Errors) {
    for (error, times) in others {
        *errors.entry(error).or_default() += times;
    }
}
