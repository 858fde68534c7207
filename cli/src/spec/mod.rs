//! Pipelines of remote stages, described by a command line or a file. They carry bytes, which the
//! stages interpret.

mod assemble;
mod parameter;
#[allow(clippy::module_inception)]
mod pipeline_spec;
mod records;
mod save;
mod step;
mod stream_format;

pub(super) use assemble::Source;
pub(super) use parameter::Parameter;
pub(super) use pipeline_spec::PipelineSpec;
pub(super) use records::Record;
pub(super) use step::{StageStep, Step};
pub(super) use stream_format::StreamFormat;
