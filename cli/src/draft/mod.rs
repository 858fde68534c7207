//! Pipelines of stages on other workers, as a command line or a file describes them: over bytes,
//! whose meaning is for the stages to know.

mod assemble;
#[allow(clippy::module_inception)]
mod draft;
mod parameter;
mod records;
mod save;
mod step;
mod stream_format;

pub(super) use draft::Draft;
pub(super) use parameter::Parameter;
pub(super) use step::{StageStep, Step};
pub(super) use stream_format::StreamFormat;
