//! Stages: what `#[pipeline_stage]` makes of functions, and what it refuses.

mod attributes;
mod batches;
mod ends;
mod failures;
mod messages;
mod panics;
mod runs;
mod settings;
mod shapes;
