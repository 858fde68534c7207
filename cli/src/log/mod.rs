//! The program's messages on standard error, for people or for programs.

#[cfg(feature = "otlp")]
mod export;
mod lines;
mod settings;

pub(super) use lines::{Drawn, Lines, is_json};
pub(super) use settings::{Settings, begin_json};
