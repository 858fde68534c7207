//! `pipewright graph`.

mod command;
mod dot;
mod svg;
mod text;

pub(crate) use command::{Arguments, run};
