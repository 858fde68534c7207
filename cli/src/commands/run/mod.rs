//! `pipewright run`.

mod attempt;
mod command;
mod destination;
mod drive;
mod input;
mod job;
mod options;
mod output;
mod progress;
mod run_progress;
mod summary;
mod whole_file;

pub(crate) use command::{Arguments, run};
pub(crate) use drive::cancelled;
pub(crate) use job::Job;
pub(crate) use options::Options;
