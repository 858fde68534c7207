//! `pipewright run` as a process, with the stages of this test.

#[cfg(unix)]
mod commands;
#[cfg(unix)]
mod deadline;
mod ends;
mod failures;
mod filter;
mod formats;
mod house;
mod memory;
mod messages;
#[cfg(unix)]
mod output_files;
#[cfg(unix)]
mod retries;
mod signals;
mod stages;
#[cfg(unix)]
mod standard_streams;
mod terminal;
mod whole;

pub(crate) use filter::Filter;
pub(crate) use house::Stages;
