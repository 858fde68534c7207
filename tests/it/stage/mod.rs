//! Stages: what `#[pipeline_stage]` generates from functions, and what it rejects.

mod attributes;
mod batches;
mod ends;
mod failures;
mod messages;
mod panics;
mod runs;
mod settings;
mod shapes;
