//! Wraps a serialiser and refuses values that the format cannot represent.
//!
//! Some format crates silently change values: JSON writes `NaN` as `null`, nested options lose a
//! level, and a positional format does not notice an omitted field. [`Checked`] wraps a value and
//! applies [`Rules`] during serialisation. It adds no copy and no allocation, and compiles to
//! nothing if the value has nothing to check.
//!
//! [`Sink`] replaces the format when a value is checked but not written.

mod checked_value;
mod compound;
mod rules;
mod serializer;
mod sink;
mod structure;
mod token;

pub(super) use checked_value::Checked;
pub(super) use rules::JsonRules;
#[cfg(feature = "messagepack")]
pub(super) use rules::MessagePackRules;
pub(super) use rules::Rules;
pub(super) use sink::Sink;
pub(super) use structure::{Known, Positional, Structure, verify};
pub(super) use token::RAW;
