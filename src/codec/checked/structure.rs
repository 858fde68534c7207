//! Whether an item of a positional format is read as it was written.
//!
//! Bytes of a positional format mean what the reader asks for. `Serialize` and `Deserialize` of a
//! type need not agree: one may write a field that the other does not read, count variants
//! differently (`#[serde(skip)]` on a variant), or ask what comes next (`untagged`, `flatten`).
//! So an item is read back by its sender and compared, whenever it holds a part that no item of
//! its type has held before: a variant, the inside of an option, an element of a list. What was
//! read back once is not read back again, so that this costs a look at each such part.

use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::{LazyLock, PoisonError, RwLock};

use bytes::BytesMut;
use serde::ser::Error;

use super::Rules;

/// Parts of types whose items were read back. Bounded by the types in the program; the lock is
/// never held while an item is read.
static VERIFIED: LazyLock<RwLock<HashSet<u64>>> = LazyLock::new(RwLock::default);

/// How many parts a sender knows without a look at those of all senders.
const KNOWN: usize = 32;

/// Parts that a sender has met and that were read back.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known([u64; KNOWN]);

/// A part has its place among so many, so that parts do not displace each other item by item.
const PLACES: usize = 4;

impl Known {
    /// The places where a part may be.
    #[inline]
    fn places(part: u64) -> std::ops::Range<usize> {
        // The upper bits are those that multiplication has mixed.
        let set = usize::from(part.to_be_bytes()[0]) % (KNOWN / PLACES);
        set * PLACES..(set + 1) * PLACES
    }

    #[inline]
    fn contains(&self, part: u64) -> bool {
        self.0[Self::places(part)].contains(&part)
    }

    /// Learns a part, in place of the one that was learnt first.
    fn learn(&mut self, part: u64) {
        if !self.contains(part) {
            let places = &mut self.0[Self::places(part)];
            places.rotate_right(1);
            places[0] = part;
        }
    }
}

/// What is met in one item.
pub(crate) struct Structure<'k> {
    known: &'k Known,
    item: u64,
    fresh: RefCell<Vec<u64>>,
    refusal: RefCell<Option<String>>,
}

impl<'k> Structure<'k> {
    /// For an item of type `T` in the format `F`.
    #[inline]
    pub(crate) fn new<F, T>(known: &'k Known) -> Self {
        let structure = Self {
            known,
            item: mixed(type_number::<F>()) ^ type_number::<T>(),
            fresh: RefCell::default(),
            refusal: RefCell::default(),
        };
        structure.meet(0);
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

    /// Whether the sender meets something for the first time.
    #[inline]
    pub(crate) fn is_fresh(&self) -> bool {
        !self.fresh.borrow().is_empty()
    }

    /// Why the item was refused, unless the format itself failed.
    pub(crate) fn refusal(&self) -> Option<String> {
        self.refusal.take()
    }

    /// What is fresh; nothing to be learnt if all of it was read back for another sender.
    pub(crate) fn into_fresh(self) -> Vec<u64> {
        self.fresh.into_inner()
    }
}

/// Has an item with `fresh` parts read back by `read_back`, unless others like it were, and learns
/// them.
#[cold]
pub(crate) fn verify(
    known: &mut Known,
    fresh: &[u64],
    written: &[u8],
    read_back: impl FnOnce(&mut BytesMut) -> Result<(), String>,
) -> Result<(), String> {
    let verified = VERIFIED.read().unwrap_or_else(PoisonError::into_inner);
    let all_verified = fresh.iter().all(|part| verified.contains(part));
    drop(verified);
    if !all_verified {
        let mut again = BytesMut::new();
        read_back(&mut again)?;
        // Sets and maps come back in another order.
        if counts(written) != counts(&again) {
            return Err("what is read is another value".to_owned());
        }
        let mut verified = VERIFIED.write().unwrap_or_else(PoisonError::into_inner);
        verified.extend(fresh);
    }
    for part in fresh {
        known.learn(*part);
    }
    Ok(())
}

/// How often each byte comes.
fn counts(bytes: &[u8]) -> [usize; 256] {
    let mut counts = [0; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    counts
}

/// The rules of formats that are positional.
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

    /// Keeps the text aside, as not every format has a place for it.
    fn refuse<E: Error>(self, text: String) -> E {
        let error = E::custom(&text);
        *self.0.refusal.borrow_mut() = Some(text);
        error
    }
}

/// Tells types apart.
#[inline]
fn type_number<T: ?Sized>() -> u64 {
    let mut number = Number(0);
    let id: TypeId = typeid::of::<T>();
    id.hash(&mut number);
    number.0
}

/// Takes the number that a [`TypeId`] gives to hash: it is one already.
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

/// Spreads a number over all bits.
#[inline]
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    number ^ (number >> 32)
}
