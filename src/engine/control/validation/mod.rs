//! Limits on messages, and the reasons why a message is refused.

pub(super) mod bounds;
pub(super) mod function_refused;
pub(super) mod hint;
pub(super) mod invalid;
pub(super) mod refusals;
