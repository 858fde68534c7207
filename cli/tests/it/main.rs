//! Tests of the program from outside, in one binary. The folders are named after its commands.

// A failing test may panic, and items used by a single test are declared inside it.
#![allow(clippy::unwrap_used, clippy::items_after_statements)]

mod engine;
mod log;
mod look;
mod pipeline_file;
#[allow(dead_code, reason = "a part of what the tests of the library need")]
#[path = "../../../tests/it/programs/program.rs"]
mod program;
mod run;
#[cfg(unix)]
mod screen;
mod security;
#[allow(dead_code, reason = "a part of what the tests of the library need")]
#[path = "../../../tests/it/support.rs"]
mod support;
#[path = "../../../tests/it/test_engine.rs"]
mod test_engine;
#[cfg(unix)]
mod up;
