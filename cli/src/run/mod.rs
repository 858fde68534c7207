//! `pipewright run`.

mod attempt;
mod command;
mod drive;
mod figures;
mod input;
mod job;
mod output;
mod progress;
mod summary;

pub(super) use command::{Arguments, run};
