//! Pipeline files in TOML. Every error is reported with its position.

mod entries;
mod lower;
mod mistake;
#[allow(clippy::module_inception)]
mod pipeline_file;
mod read;
mod schema;
mod variables;
mod workers;

pub(super) use mistake::Mistake;
pub(super) use pipeline_file::{PipelineFile, Retry};
pub(super) use schema::schema;
pub(super) use workers::WorkerSpec;
