//! Splitting one stream into several, and merging several into one: the parts of a pipeline that
//! are not stages.
//!
//! [`spread`] and [`collect`] do the work, both between fused stages and over channels. [`serve`]
//! runs them over channels.

mod branch;
mod collect;
mod latest;
mod route;
mod serve;
mod spread;

pub(crate) use collect::{Collect, Order};
pub(crate) use route::Route;
pub(crate) use serve::{Open, gather, scatter};
pub(crate) use spread::spread;
