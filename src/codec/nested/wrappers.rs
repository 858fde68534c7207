//! The wrappers around a deserialiser and its parts. Their impls, which depend on each other, are
//! in the other files of this folder.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer};

use super::marks::Marks;

/// Wraps a deserialiser and reads marks as the options that they represent.
pub(in crate::codec) struct Nest<D, M> {
    pub(super) inner: D,
    pub(super) marks: M,
}

impl<D, M> Nest<D, M> {
    pub(in crate::codec) fn new(inner: D, marks: M) -> Self {
        Self { inner, marks }
    }
}

/// Wraps a visitor and passes it values whose marks are decoded.
pub(super) struct NestVisitor<V, M> {
    pub(super) inner: V,
    pub(super) marks: M,
    /// Whether any value was requested, so that the value may be a mark.
    pub(super) any: bool,
}

impl<V, M> NestVisitor<V, M> {
    pub(super) fn new(inner: V, marks: M) -> Self {
        Self {
            inner,
            marks,
            any: false,
        }
    }

    pub(super) fn of_any(inner: V, marks: M) -> Self {
        Self {
            inner,
            marks,
            any: true,
        }
    }
}

/// Wraps the access to the parts of a value, and decodes marks in them.
pub(super) struct NestAccess<'de, A, M> {
    pub(super) inner: A,
    pub(super) marks: M,
    /// A key that was already taken, to be returned first.
    pub(super) first: Option<Cow<'de, str>>,
}

impl<'de, A, M: Copy> NestAccess<'de, A, M> {
    pub(super) fn new(inner: A, marks: M) -> Self {
        Self {
            inner,
            marks,
            first: None,
        }
    }

    pub(super) fn behind(first: Cow<'de, str>, inner: A, marks: M) -> Self {
        Self {
            inner,
            marks,
            first: Some(first),
        }
    }

    pub(super) fn seed<S>(&self, inner: S) -> NestSeed<S, M> {
        NestSeed {
            inner,
            marks: self.marks,
        }
    }
}

/// Deserialises a value that may contain marks.
#[derive(Clone, Copy)]
pub(super) struct NestSeed<S, M> {
    pub(super) inner: S,
    pub(super) marks: M,
}

impl<'de, S: DeserializeSeed<'de>, M: Marks<'de>> DeserializeSeed<'de> for NestSeed<S, M> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Nest::new(deserializer, self.marks))
    }
}
