//! Metrics: counted in atomics, rendered as text.
//!
//! Counting is an addition without a lock. Everything else happens when the metrics are requested.

mod distribution;
mod histogram;
mod tallies;
mod text;

pub use distribution::Distribution;
pub(crate) use histogram::Histogram;
pub(crate) use tallies::{Kind, Tallies};
pub(crate) use text::Exposition;
