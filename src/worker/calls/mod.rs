//! Calls that a worker makes.

pub(super) mod call;
pub(super) mod error;
pub(super) mod span;
pub(super) mod table;
pub(super) mod trigger;
