//! The wrappers around a deserialiser and its parts. Their impls, which depend on each other, are
//! in the other files of this folder.

use super::guard::Level;

/// Wraps a deserialiser and applies the bounds.
pub(super) struct Bounded<'g, D> {
    pub(super) inner: D,
    pub(super) level: Level<'g>,
}

impl<'g, D> Bounded<'g, D> {
    #[inline]
    pub(super) fn new(inner: D, level: Level<'g>) -> Self {
        Self { inner, level }
    }
}

/// Wraps a visitor and applies the bounds to the values it receives.
pub(super) struct BoundedVisitor<'g, V> {
    pub(super) inner: V,
    pub(super) level: Level<'g>,
}

impl<'g, V> BoundedVisitor<'g, V> {
    #[inline]
    pub(super) fn new(inner: V, level: Level<'g>) -> Self {
        Self { inner, level }
    }
}

/// Wraps the access to a list, map, enum or variant, and applies the bounds to its contents.
pub(super) struct BoundedAccess<'g, A> {
    pub(super) inner: A,
    pub(super) level: Level<'g>,
    /// Number of elements that may still follow. The length that the writer claims is not used,
    /// because formats differ in when they report it.
    pub(super) left: usize,
}

impl<'g, A> BoundedAccess<'g, A> {
    #[inline]
    pub(super) fn new(inner: A, level: Level<'g>) -> Self {
        Self {
            inner,
            level,
            left: level.guard.max_elements,
        }
    }
}
