//! A serialiser around another that refuses what a format cannot carry.
//!
//! The crates of formats write some values as others without an error: JSON has no `NaN` and
//! writes `null`, an option within an option loses a level, a positional format does not know that
//! a field was left out. [`Checked`] wraps a value so that its serialisation is checked by
//! [`Rules`] on its way to the format. It adds no copy and no allocation, and inlines to nothing
//! where a value holds nothing to check.
//!
//! [`Sink`] takes the place of the format where a value is checked and not written.

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
    /// An item.
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

/// Where a value is, as far as it matters for its form.
#[derive(Clone, Copy, Default)]
struct Place {
    /// How many options are directly around it.
    somes: usize,
    /// Whether it is the key of a map.
    is_key: bool,
}
