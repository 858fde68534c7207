//! Progress on standard error, for runs of more than a second.

mod bars;
mod display;
mod plain;
mod text;

pub(super) use display::Display;
