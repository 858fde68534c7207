//! `pipewright run`.

mod attempt;
mod command;
mod destination;
mod drive;
mod input;
mod job;
mod output;
mod progress;
mod run_progress;
mod summary;
mod whole_file;

pub(crate) use command::{Arguments, run};
