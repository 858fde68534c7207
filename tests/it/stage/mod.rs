//! Stages: what `#[pipeline_stage]` makes of functions, and what it refuses.

mod attributes;
mod failures;
mod messages;
mod runs;
mod settings;
mod shapes;
