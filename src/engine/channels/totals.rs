use std::sync::Arc;

use super::ended::Ended;
use crate::wire::{Histogram, Tallies};

/// The totals of all channels since the engine started.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Totals {
    pub(in crate::engine) created: u64,
    /// Frames and bytes taken by readers: in the table, those of finished channels; in a query,
    /// those of all.
    pub(in crate::engine) passed: (u64, u64),
    pub(in crate::engine) finished: Arc<Tallies<Ended>>,
    /// How long writers waited for room, each time.
    pub(in crate::engine) waits: Arc<Histogram>,
}
