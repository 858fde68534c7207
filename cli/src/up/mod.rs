//! `pipewright up`: an engine, workers and a pipeline in one command.

mod command;
mod engine;
mod stages;
mod worker;
mod workers;

pub(super) use command::{Arguments, run};
