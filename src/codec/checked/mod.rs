//! Wraps a serialiser and refuses values that the format cannot represent.
//!
//! Some format crates silently change values: JSON writes `NaN` as `null`, nested options lose a
//! level, and a positional format does not notice an omitted field. [`Checked`] wraps a value and
//! applies [`Rules`] during serialisation. It adds no copy and no allocation, and compiles to
//! nothing if the value has nothing to check.
//!
//! [`Sink`] replaces the format when a value is checked but not written.

mod compound;
mod rules;
mod serializer;
mod sink;
mod structure;
mod token;

use serde::{Serialize, Serializer};

pub(super) use rules::JsonRules;
#[cfg(feature = "messagepack")]
pub(super) use rules::MessagePackRules;
pub(super) use rules::Rules;
use serializer::Checker;
pub(super) use sink::Sink;
pub(super) use structure::{Known, Positional, Structure, verify};
pub(super) use token::RAW;

/// A value that is checked while it is serialised.
pub(super) struct Checked<'v, T: ?Sized, R> {
    value: &'v T,
    rules: R,
    place: Place,
}

impl<'v, T: ?Sized, R: Rules> Checked<'v, T, R> {
    /// Wraps an item.
    #[inline]
    pub(super) fn new(value: &'v T, rules: R) -> Self {
        Self::within(value, rules, Place::default())
    }

    #[inline]
    fn within(value: &'v T, rules: R, place: Place) -> Self {
        Self {
            value,
            rules,
            place,
        }
    }
}

impl<T: Serialize + ?Sized, R: Rules> Serialize for Checked<'_, T, R> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let checker = Checker::new(serializer, self.rules, self.place);
        self.value.serialize(checker)
    }
}

/// The context of a value, as far as it affects its representation.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Number of options directly around the value.
    somes: usize,
    /// Whether it is the key of a map.
    is_key: bool,
}
