//! The program and the examples, run as processes as a user runs them.

mod engine;
mod examples;
mod look;
mod producer;
mod program;
mod run;
mod security;
#[cfg(unix)]
mod terminal;

pub(crate) use producer::Producer;
pub(crate) use program::Program;
#[cfg(unix)]
pub(crate) use terminal::{Setup, Terminal};
