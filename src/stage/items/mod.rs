//! Stages that process one item at a time.

mod execute;
mod item_stage;

pub use execute::{fuse, keeps_order, serve};
pub(super) use item_stage::again;
pub use item_stage::{Applied, AtOnce, ItemRun, ItemStage, RunOf, state, take_state};
