//! The examples, run as processes as a user runs them. The tests of the program `pipewright` are in
//! `cli/tests/it`.

mod examples;
mod producer;
#[allow(dead_code, reason = "the tests of other packages share it")]
mod program;
mod promised;

pub(crate) use producer::Producer;
pub(crate) use program::Program;
