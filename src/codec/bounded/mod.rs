//! Protects a deserialiser against hostile input.
//!
//! The crates of binary formats trust their input more than a network reader can:
//!
//! * With a recursive type, the writer chooses the recursion depth. Here each nested value counts
//!   as a level, and the number of levels is limited.
//! * bincode allocates the stated length of a string before it checks that the bytes exist. Here
//!   owned strings and bytes are requested as borrowed ones, which need no allocation.
//! * A list of zero-sized values (`Vec<()>`) can claim any length. Here a list has at most as many
//!   elements as its record has bytes, or [`FREE_ELEMENTS`].
//! * postcard drops the message of a type that refuses a value. Here the message is kept.

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

/// Number of elements that a list may have regardless of the length of its record.
const FREE_ELEMENTS: usize = 1 << 16;

/// The bounds of one item, and why it was refused.
pub(super) struct Guard {
    limits: ItemLimits,
    max_elements: usize,
    refusal: RefCell<Option<String>>,
}

impl Guard {
    /// Creates the bounds for an item of `len` bytes.
    pub(super) fn new(limits: ItemLimits, len: usize) -> Self {
        Self {
            limits,
            max_elements: len.max(FREE_ELEMENTS),
            refusal: RefCell::new(None),
        }
    }

    /// Returns a seed that deserialises an item within these bounds.
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

    /// The reason why the item was refused, unless the format itself failed.
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

/// The nesting level of a value.
#[derive(Clone, Copy)]
struct Level<'g> {
    guard: &'g Guard,
    /// Number of levels that may still be nested.
    left: usize,
}

impl Level<'_> {
    /// Enters the next level.
    fn inner<E>(self) -> Result<Self, Fault<E>> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left, ..self }),
            None => Err(Fault::Refused(too_deep(self.guard.limits))),
        }
    }

    /// Converts a fault into the format's error and stores its text.
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

/// The message for an item with too many levels.
pub(super) fn too_deep(limits: ItemLimits) -> String {
    let max_nesting = limits.max_nesting;
    format!("the item is nested deeper than {max_nesting} levels, the limit `max_nesting`")
}

/// The message for an item that the format could not read.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) String);

impl fmt::Display for Refusal {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}
