//! The description of a stage before it runs: its id, settings and types.

pub(super) mod bounds;
pub(super) mod configured;
mod described;
pub(super) mod facts;
pub(super) mod finished;
pub(super) mod id;
pub(super) mod info;
pub(super) mod into_stage;
pub(super) mod order;
pub(super) mod params;
pub(super) mod part;
pub(super) mod renamed;
pub(super) mod resources;
pub(super) mod shape;
