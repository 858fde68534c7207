//! Splitting one stream into several, and merging several into one: the parts of a pipeline that
//! are not stages.
//!
//! [`fan_out`] and [`fan_in`] do the work, both between fused stages and over channels. [`serve`]
//! runs them over channels.

mod branch;
mod fan_in;
mod fan_out;
mod latest;
mod route;
mod serve;

pub(crate) use fan_in::{FanIn, Order};
pub(crate) use fan_out::fan_out;
pub(crate) use route::Route;
pub(crate) use serve::{Open, serve_fan_in, serve_fan_out};
