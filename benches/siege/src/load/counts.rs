use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How often something went wrong, by what it was.
type Errors = BTreeMap<String, u64>;

/// What sinks have read.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SinkCounts {
    /// Streams that came to a complete end.
    pub(crate) streams: u64,
    pub(crate) bytes: u64,
    /// Of these, streams that were not what was sent.
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
    /// How often one has connected.
    pub(crate) visits: u64,
    /// Of these, how often one has left in good manners.
    pub(crate) polite: u64,
    /// Calls of one another that were answered.
    pub(crate) answered: u64,
    /// Streams that a sink has confirmed.
    pub(crate) streams: u64,
    /// Streams in the middle of which one left.
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
