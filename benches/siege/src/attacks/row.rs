use std::collections::BTreeMap;

use serde::Serialize;

use super::felt::Felt;
use super::verdict::Verdict;
use crate::holdings::Holdings;

/// One line of the table.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) rounds: usize,
    /// The attacker's counts over all rounds.
    pub(super) got: BTreeMap<String, u64>,
    /// The maximum that the engine held at the end of a turn.
    pub(super) most: Holdings,
    /// Warnings and errors that the engine logged in all rounds.
    pub(super) log_lines: u64,
    /// The effect on others before and after the attacks.
    pub(super) peace: Felt,
    /// The effect on others during the attacks.
    pub(super) war: Felt,
    pub(super) resident_before: f64,
    pub(super) resident_peak: f64,
    /// MiB that the engine may grow by.
    pub(super) growth_allowed: f64,
    pub(super) resident_after: f64,
    pub(super) descriptors_before: usize,
    pub(super) descriptors_after: usize,
    /// How long after the attacker's end the engine held nothing of it any more.
    pub(super) freed_ms: u128,
    pub(super) verdict: Verdict,
}

impl Row {
    /// Throughput of others during the attack, relative to that without.
    pub(super) fn share(&self) -> f64 {
        self.war.throughput / self.peace.throughput
    }

    pub(super) fn growth_mib(&self) -> f64 {
        self.resident_peak - self.resident_before
    }
}
