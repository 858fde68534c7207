//! `pipewright run`.

mod command;
mod drive;
mod figures;
mod input;
mod output;
mod progress;
mod summary;

pub(super) use command::{Arguments, run};
