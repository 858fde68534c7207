//! Finds out the shape of a type by deserialising it again and again from nothing.
//!
//! One run makes one value, so it sees one variant of each enum; runs go on until all have been
//! seen. A run can fail, and then the next one decides otherwise:
//!
//! | failure | what the next run changes |
//! |---|---|
//! | the type refuses a value (`NonZeroU8`, a time in a string) | offers another value in its place |
//! | an enum comes back to itself without an end | takes another variant to end the recursion |
//! | an enum has fewer variants than names | knows so |
//! | the type asks what comes next (`untagged`, `flatten`) | nothing: no shape |

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::explorer::Explorer;
use super::schema;
use super::traced::{Key, Named, Traced, Variants};

/// Questions that a type may ask in all runs together, which a type of a program needs a few
/// hundred of. Bounds the time for types that double with every level.
const MAX_QUESTIONS: usize = 200_000;
/// Levels of a type within another.
const MAX_DEPTH: usize = 128;

pub(super) fn trace<T: DeserializeOwned>() -> Option<Value> {
    let mut tracer = Tracer::default();
    loop {
        tracer.begin();
        let mut found = Traced::Unknown;
        match T::deserialize(Explorer::new(&mut tracer, &mut found)) {
            Ok(_) if tracer.unseen => {}
            Ok(_) => return schema::of(&found, &tracer.named),
            Err(_) if tracer.amend() => {}
            Err(_) => return None,
        }
    }
}

/// Why a run failed, unless the type refused a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Failure {
    /// What the next run needs is noted already.
    Noted,
    /// A type came back to itself without an end.
    Endless,
    /// There is no way to go on.
    Hopeless,
}

/// What is known after some runs, and the state of the one that goes on.
#[derive(Debug, Default)]
pub(super) struct Tracer {
    pub(super) named: HashMap<Key, Named>,
    /// Values to offer other than the first, by where they are needed.
    offers: HashMap<Vec<usize>, usize>,
    questions: usize,

    /// Named types that are being made, outermost first.
    open: Vec<Key>,
    /// Those of `open` that were open already when they began.
    again: Vec<Key>,
    /// Where in the value the run is: the number of each part within its whole.
    place: Vec<usize>,
    /// The last value offered, and how many there are.
    offered: Option<(Vec<usize>, usize)>,
    /// Enums that a variant was chosen for in order to end a recursion.
    ended: Vec<Key>,
    /// Variants are left for further runs.
    pub(super) unseen: bool,
    pub(super) failure: Option<Failure>,
}

impl Tracer {
    fn begin(&mut self) {
        self.open.clear();
        self.again.clear();
        self.place.clear();
        self.offered = None;
        self.ended.clear();
        self.unseen = false;
        self.failure = None;
    }

    /// Learns from a failed run. False if there is nothing to learn.
    fn amend(&mut self) -> bool {
        match self.failure {
            Some(Failure::Noted) => true,
            Some(Failure::Hopeless) => false,
            Some(Failure::Endless) => self.end_otherwise(),
            None => self.offer_another(),
        }
    }

    fn offer_another(&mut self) -> bool {
        let Some((place, len)) = self.offered.take() else {
            return false;
        };
        let offer = self.offers.entry(place).or_default();
        *offer += 1;
        *offer < len
    }

    /// Counts on: the innermost choice first, and those that are through begin again.
    fn end_otherwise(&mut self) -> bool {
        for key in self.ended.iter().rev() {
            if let Some(Named::Enum(variants)) = self.named.get_mut(key) {
                variants.leaf += 1;
                if variants.leaf < variants.list.len() {
                    return true;
                }
                variants.leaf = 0;
            }
        }
        false
    }

    /// Whether to end a recursion: to take the nearest way to a whole value, and to note nothing.
    pub(super) fn is_ending(&self) -> bool {
        !self.again.is_empty()
    }

    /// Counts a question of the type. False when there were too many.
    pub(super) fn question(&mut self) -> bool {
        self.questions += 1;
        self.questions <= MAX_QUESTIONS && self.place.len() <= MAX_DEPTH
    }

    /// Goes into a part.
    pub(super) fn enter(&mut self, part: usize) {
        self.place.push(part);
    }

    /// Comes back from a part.
    pub(super) fn leave(&mut self) {
        self.place.pop();
    }

    /// Begins a named type. False when it would not end.
    pub(super) fn open(&mut self, key: Key) -> bool {
        if self.again.contains(&key) {
            return false;
        }
        if self.open.contains(&key) {
            self.again.push(key);
        }
        self.open.push(key);
        true
    }

    /// Ends what [`open`](Self::open) began.
    pub(super) fn close(&mut self, key: Key) {
        self.open.pop();
        if self.again.last() == Some(&key) {
            self.again.pop();
        }
    }

    /// The value to offer here.
    pub(super) fn offer<V: Copy>(&mut self, values: &[V]) -> Option<V> {
        let offer = self.offers.get(&self.place).copied().unwrap_or(0);
        self.offered = Some((self.place.clone(), values.len()));
        values.get(offer).copied()
    }

    /// The variants of an enum.
    pub(super) fn variants(&mut self, key: Key, names: &[&'static str]) -> Option<&mut Variants> {
        let entry = self.named.entry(key);
        match entry.or_insert_with(|| Named::Enum(Variants::new(names))) {
            Named::Enum(variants) => Some(variants),
            _ => None,
        }
    }

    /// The number of the variant to take now.
    pub(super) fn variant(&mut self, key: Key, names: &[&'static str]) -> Option<usize> {
        let ending = self.is_ending();
        let variants = self.variants(key, names)?;
        let leaf = variants.leaf;
        if ending {
            self.ended.push(key);
            return Some(leaf);
        }
        let undone = variants.list.iter().position(|variant| !variant.done);
        Some(undone.unwrap_or(leaf))
    }
}
