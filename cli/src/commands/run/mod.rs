//! `pipewright run`.

mod attempt;
mod command;
mod drive;
mod input;
mod job;
mod output;
mod progress;
mod run_progress;
mod summary;

pub(crate) use command::{Arguments, run};
