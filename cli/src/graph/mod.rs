//! `pipewright graph`.

mod command;
mod dot;
mod svg;
mod text;

pub(super) use command::{Arguments, run};
