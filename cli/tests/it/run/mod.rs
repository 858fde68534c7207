//! `pipewright run` as a process, with the stages of this test.

#[cfg(unix)]
mod commands;
mod ends;
mod failures;
mod filter;
mod formats;
mod house;
mod memory;
mod signals;
mod stages;
mod terminal;
mod whole;

pub(crate) use filter::Filter;
pub(crate) use house::Stages;
