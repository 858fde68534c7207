use serde::{Deserialize, Serialize};

/// The record used by all items of the comparison: about 31 bytes in bincode, 66 in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) tags: Vec<u32>,
}

impl Record {
    pub(crate) fn new(id: u64) -> Self {
        Self {
            id,
            name: "sensor-0000-abc".to_owned(),
            value: 20.25,
            tags: vec![1, 20, 30, 400],
        }
    }
}
