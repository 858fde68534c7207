//! Code shared by the micro-benchmarks; see ../README.md.

use serde::{Deserialize, Serialize};

/// The record of the comparison with other systems.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    pub id: u64,
    pub name: String,
    pub value: f64,
    pub tags: Vec<u32>,
}

impl Record {
    /// A record that differs from others only by its number.
    pub fn new(id: u64) -> Self {
        Self {
            id,
            name: "sensor-0000-abc".to_owned(),
            value: 20.25,
            tags: vec![1, 20, 30, 400],
        }
    }
}
