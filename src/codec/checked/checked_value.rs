use super::rules::Rules;

/// A value that is checked while it is serialised.
pub(in crate::codec) struct Checked<'v, T: ?Sized, R> {
    pub(super) value: &'v T,
    pub(super) rules: R,
    pub(super) place: Place,
}

impl<'v, T: ?Sized, R: Rules> Checked<'v, T, R> {
    /// Wraps an item.
    #[inline]
    pub(in crate::codec) fn new(value: &'v T, rules: R) -> Self {
        Self::within(value, rules, Place::default())
    }

    #[inline]
    pub(super) fn within(value: &'v T, rules: R, place: Place) -> Self {
        Self {
            value,
            rules,
            place,
        }
    }
}

/// The context of a value, as far as it affects its representation.
#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    /// Number of options directly around the value.
    pub(super) somes: usize,
    /// Whether it is the key of a map.
    pub(super) is_key: bool,
}
