use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

/// The item type of a round.
#[derive(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) number: u64,
    pub(crate) text: String,
}

/// What a round sends, derived from its seed: the same in each process.
pub(crate) struct Content {
    random: fastrand::Rng,
}

impl Content {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
        }
    }

    pub(crate) fn bytes(mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.random.fill(&mut bytes);
        bytes
    }

    pub(crate) fn records(mut self, count: usize) -> impl Iterator<Item = Record> + Send {
        (0..count as u64).map(move |number| {
            let len = self.random.usize(..120);
            let text = (0..len).map(|_| self.random.alphanumeric()).collect();
            Record { number, text }
        })
    }
}

/// The stage's transformation of bytes.
pub(crate) fn turned_bytes(mut bytes: Vec<u8>) -> Vec<u8> {
    for byte in &mut bytes {
        *byte ^= 0x55;
    }
    bytes
}

/// The stage's transformation of a record.
pub(crate) fn turned(mut record: Record) -> Record {
    record.number = !record.number;
    record.text.push('.');
    record
}

/// A summary for comparison: of what was sent, or of what a consumer received.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// Number of bytes or items.
    pub(crate) count: u64,
    pub(crate) hash: u64,
}

impl Summary {
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        Self {
            count: bytes.len() as u64,
            hash: hasher.finish(),
        }
    }

    pub(crate) fn of_records(records: impl IntoIterator<Item = Record>) -> Self {
        let mut adding = Adding::default();
        for record in records {
            adding.add(&record);
        }
        adding.sum()
    }
}

/// A summary of records that arrive one by one.
#[derive(Default)]
pub(crate) struct Adding {
    count: u64,
    hasher: DefaultHasher,
}

impl Adding {
    pub(crate) fn add(&mut self, record: &Record) {
        self.count += 1;
        record.hash(&mut self.hasher);
    }

    pub(crate) fn sum(self) -> Summary {
        Summary {
            count: self.count,
            hash: self.hasher.finish(),
        }
    }
}
