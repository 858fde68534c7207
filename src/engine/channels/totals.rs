use std::sync::Arc;

use super::ended::Ended;
use crate::wire::{Histogram, Tallies};

/// What all channels did together since the engine started.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Totals {
    pub(in crate::engine) created: u64,
    /// Frames and bytes that readers have taken: of finished channels in the table, of all where
    /// somebody asks.
    pub(in crate::engine) passed: (u64, u64),
    pub(in crate::engine) finished: Arc<Tallies<Ended>>,
    /// How long writers waited for room, each time.
    pub(in crate::engine) waits: Arc<Histogram>,
}
