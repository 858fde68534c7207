//! A deserialiser around another that a hostile writer cannot use up.
//!
//! The crates of binary formats trust their input in ways that a reader from a network must not:
//!
//! * A recursive type lets the writer choose how deep the reader recurses. Here each value within
//!   another counts as a level, and there is a limit to levels.
//! * bincode allocates what the length of a string says before it looks whether the bytes are
//!   there. Here owned strings and bytes are asked for as borrowed ones, which are not allocated.
//! * A list of values without bytes (`Vec<()>`) can claim any length. Here a list has no more
//!   elements than its record has bytes, or [`FREE_ELEMENTS`].
//! * postcard drops what a type says about a value that it refuses. Here it is kept.

mod access;
mod deserializer;
mod fault;
mod visitor;

use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer};

use super::ItemLimits;
use deserializer::Bounded;
use fault::Fault;

/// Elements that a list may have however short its record is.
const FREE_ELEMENTS: usize = 1 << 16;

/// The bounds of one item, and why it was refused.
pub(super) struct Guard {
    limits: ItemLimits,
    max_elements: usize,
    refusal: RefCell<Option<String>>,
}

impl Guard {
    /// For an item of `len` bytes.
    pub(super) fn new(limits: ItemLimits, len: usize) -> Self {
        Self {
            limits,
            max_elements: len.max(FREE_ELEMENTS),
            refusal: RefCell::new(None),
        }
    }

    /// What deserialises an item within these bounds.
    #[inline]
    pub(super) fn seed<T>(&self) -> Item<'_, T> {
        Item {
            level: Level {
                guard: self,
                left: self.limits.max_nesting,
            },
            item: PhantomData,
        }
    }

    /// Why the item was refused, unless the format itself failed.
    pub(super) fn refusal(self) -> Option<String> {
        self.refusal.into_inner()
    }
}

/// Deserialises an item within bounds.
pub(super) struct Item<'g, T> {
    level: Level<'g>,
    item: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Item<'_, T> {
    type Value = T;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        let level = self.level;
        T::deserialize(Bounded::new(deserializer, level)).map_err(|fault| level.raise(fault))
    }
}

/// How deep a value is.
#[derive(Clone, Copy)]
struct Level<'g> {
    guard: &'g Guard,
    /// Levels that may come within.
    left: usize,
}

impl Level<'_> {
    /// The level of what is within.
    fn inner<E>(self) -> Result<Self, Fault<E>> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left, ..self }),
            None => Err(Fault::Refused(too_deep(self.guard.limits))),
        }
    }

    /// The error of the format for a fault, whose text is kept aside.
    fn raise<E: de::Error>(self, fault: Fault<E>) -> E {
        match fault {
            Fault::Format(error) => error,
            Fault::Refused(text) => {
                let error = E::custom(&text);
                *self.guard.refusal.borrow_mut() = Some(text);
                error
            }
        }
    }
}

/// What to say of an item with too many levels.
pub(super) fn too_deep(limits: ItemLimits) -> String {
    let max_nesting = limits.max_nesting;
    format!("the item is nested deeper than {max_nesting} levels, the limit `max_nesting`")
}

/// An item that the format failed to read, in words.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) String);

impl fmt::Display for Refusal {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}
