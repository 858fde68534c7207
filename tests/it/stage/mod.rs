//! Stages: what `#[pipeline_stage]` makes of functions, and what it refuses.

mod messages;
