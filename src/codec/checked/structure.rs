//! Checks that an item of a positional format will be read as it was written.
//!
//! The meaning of positional bytes depends on the reader, and `Serialize` and `Deserialize` of a
//! type may disagree. One may write a field that the other does not read, count variants
//! differently (`#[serde(skip)]` on a variant), or depend on the type of the next value
//! (`untagged`, `flatten`). The sender therefore deserialises an item again and compares it if the
//! item contains a new part: a variant, the content of an option, or a list element that no earlier
//! item of its type contained. Each part is checked once, so later items cost only a lookup.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::{LazyLock, RwLock};

use bytes::BytesMut;
use serde::ser::Error;

use super::Rules;
use crate::sync::RwLockExt;

/// Parts of types that were verified. Bounded by the types in the program. The lock is never held
/// while an item is verified.
static VERIFIED: LazyLock<RwLock<HashSet<u64>>> = LazyLock::new(RwLock::default);

/// Number of parts that a sender knows without consulting the shared set.
const KNOWN: usize = 32;

/// Parts that this sender has written and that were verified.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// The type of the last item that was checked, which needs no search among `parts`.
    item: u64,
    parts: [u64; KNOWN],
}

/// Number of slots in which a part may be stored, so that parts do not evict each other with every
/// item.
const PLACES: usize = 4;

impl Known {
    /// The slots in which a part may be stored.
    #[inline]
    fn places(part: u64) -> std::ops::Range<usize> {
        // Multiplication mixes the upper bits best.
        let set = usize::from(part.to_be_bytes()[0]) % (KNOWN / PLACES);
        set * PLACES..(set + 1) * PLACES
    }

    #[inline]
    fn contains(&self, part: u64) -> bool {
        self.parts[Self::places(part)].contains(&part)
    }

    /// Stores a part in place of the oldest one.
    fn learn(&mut self, part: u64) {
        if !self.contains(part) {
            let places = &mut self.parts[Self::places(part)];
            places.rotate_right(1);
            places[0] = part;
        }
    }
}

/// The parts found in one item.
pub(crate) struct Structure<'k> {
    known: &'k Known,
    item: u64,
    fresh: RefCell<Vec<u64>>,
    refusal: RefCell<Option<String>>,
}

impl<'k> Structure<'k> {
    /// Creates the structure of an item of type `T` in the format `F`.
    #[inline]
    pub(crate) fn new<F, T>(known: &'k Known) -> Self {
        let structure = Self {
            known,
            item: mixed(type_number::<F>()) ^ type_number::<T>(),
            fresh: RefCell::default(),
            refusal: RefCell::default(),
        };
        if known.item != structure.item {
            structure.meet(0);
        }
        structure
    }

    #[inline]
    fn meet(&self, part: u64) {
        let part = mixed(self.item ^ part);
        if !self.known.contains(part) {
            self.note(part);
        }
    }

    #[cold]
    fn note(&self, part: u64) {
        self.fresh.borrow_mut().push(part);
    }

    /// Whether the item contains a part that is new to this sender.
    #[inline]
    pub(crate) fn is_fresh(&self) -> bool {
        !self.fresh.borrow().is_empty()
    }

    /// The reason why the item was refused, unless the format itself failed.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.refusal.take()
    }

    /// The parts that are new to this sender.
    pub(crate) fn into_fresh(self) -> Fresh {
        Fresh {
            item: self.item,
            parts: self.fresh.into_inner(),
        }
    }
}

/// The parts of an item that are new to a sender.
pub(crate) struct Fresh {
    /// The type of the item, in its format.
    item: u64,
    parts: Vec<u64>,
}

/// Checks an item with `fresh` parts by deserialising it, unless the same parts were checked
/// before, and stores them.
#[cold]
pub(crate) fn verify(
    known: &mut Known,
    fresh: &Fresh,
    written: &[u8],
    read_back: impl FnOnce(&mut BytesMut) -> Result<(), String>,
) -> Result<(), String> {
    let verified = VERIFIED.read_unpoisoned();
    let all_verified = fresh.parts.iter().all(|part| verified.contains(part));
    drop(verified);
    if !all_verified {
        let mut again = BytesMut::new();
        read_back(&mut again)?;
        // Sets and maps are read in a different order.
        if counts(written) != counts(&again) {
            return Err("what is read is another value".to_owned());
        }
        let mut verified = VERIFIED.write_unpoisoned();
        verified.extend(&fresh.parts);
    }
    for part in &fresh.parts {
        known.learn(*part);
    }
    known.item = fresh.item;
    Ok(())
}

/// Counts how often each byte occurs.
fn counts(bytes: &[u8]) -> [usize; 256] {
    let mut counts = [0; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    counts
}

/// The rules of positional formats.
#[derive(Clone, Copy)]
pub(crate) struct Positional<'s, 'k>(pub(crate) &'s Structure<'k>);

impl Rules for Positional<'_, '_> {
    const POSITIONAL: bool = true;

    #[inline]
    fn meets<T: ?Sized>(self) {
        self.0.meet(type_number::<T>());
    }

    #[inline]
    fn meets_variant(self, name: &'static str, index: u32, variant: &'static str) {
        let name = name.as_ptr() as u64;
        let variant = (variant.as_ptr() as u64).rotate_left(32);
        self.0.meet(mixed(name ^ variant) ^ u64::from(index));
    }

    /// Stores the text, because not every format can carry it.
    fn refuse<E: Error>(self, text: String) -> E {
        let error = E::custom(&text);
        *self.0.refusal.borrow_mut() = Some(text);
        error
    }
}

/// A number that identifies a type.
#[inline]
fn type_number<T: ?Sized>() -> u64 {
    let mut number = Number(0);
    let id: TypeId = typeid::of::<T>();
    id.hash(&mut number);
    number.0
}

/// A hasher for [`TypeId`], whose value is already a hash.
struct Number(u64);

impl Hasher for Number {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0 ^= number;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = mixed(self.0 ^ u64::from(*byte));
        }
    }
}

/// Distributes a number over all bits.
#[inline]
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    number ^ (number >> 32)
}
