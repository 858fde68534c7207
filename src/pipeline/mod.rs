//! Pipelines composed of stages, and their runs.
//!
//! A [`Pipeline`] is a chain of [`Segment`]s whose types the compiler checks. It runs in two ways
//! with the same behaviour. [`Pipeline::run_local`] fuses the chain into one stream.
//! [`Pipeline::start`] creates a [`plan`] of nodes and edges, a channel for each edge, and passes
//! the nodes to the [`supervisor`]. Both return a [`Run`].

mod branch;
mod closures;
mod composed;
mod consumed;
mod convert;
mod drained;
mod ending;
mod engine_watch;
#[cfg(feature = "files")]
pub mod files;
mod launch;
mod operated;
mod outcome;
#[allow(clippy::module_inception)]
mod pipeline;
mod plan;
mod provided;
mod retried_run;
mod run;
mod run_error;
mod run_local;
mod run_report;
mod run_span;
mod running;
mod segment;
mod settings;
mod source;
mod supervisor;
mod then;
mod timed;

pub use branch::{Boxed, BranchInput, Broadcast, Merged, Paired};
pub use composed::{Compose, Composed};
pub use consumed::Consumed;
pub use convert::{Decoded, Encoded};
pub use launch::ChannelRun;
pub use operated::Operated;
pub use pipeline::Pipeline;
pub use retried_run::{FailedRun, RetriedRun};
pub use run::{DrainHandle, Run, RunSource};
pub use run_error::RunError;
pub use run_local::LocalRun;
pub use run_report::{RunReport, StageSummary};
pub use segment::Segment;
pub use source::{Bytes, Events, Produced, Source};
pub use then::Then;

pub use crate::stage::{Operator, Pairing};
