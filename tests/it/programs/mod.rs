//! The program and the examples, run as processes as a user runs them.

mod engine;
mod examples;
mod look;
mod producer;
mod program;
mod run;

pub(crate) use producer::Producer;
pub(crate) use program::Program;
