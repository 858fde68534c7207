//! The program and the examples, run as processes as a user runs them.

mod engine;
mod examples;
mod program;

pub(crate) use program::Program;
