//! Metrics on their way to whoever collects them: counted in atomics, told as text.
//!
//! Counting is an addition without a lock; everything else happens when somebody asks.

mod distribution;
mod histogram;
mod tallies;
mod text;

pub use distribution::Distribution;
pub(crate) use histogram::Histogram;
pub(crate) use tallies::{Kind, Tallies};
pub(crate) use text::Exposition;
