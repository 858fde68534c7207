//! Serves an engine.

pub(crate) mod command;
pub(crate) mod limits;
pub(crate) mod ready_file;
pub(crate) mod security;
