//! The program and the examples, run as processes as a user runs them.

mod engine;
mod everyday;
mod examples;
mod look;
mod pipeline_file;
mod producer;
mod program;
mod run;
#[cfg(unix)]
mod screen;
mod security;

pub(crate) use producer::Producer;
pub(crate) use program::Program;
#[cfg(unix)]
pub(crate) use screen::Screen;
