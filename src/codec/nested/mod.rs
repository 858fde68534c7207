//! Reads null within options, in formats that describe themselves.
//!
//! JSON and `MessagePack` write an option as what is in it, so that `Some(None)`, `Some(())` and
//! `None` are the same null. A null that options are directly around is written otherwise, see
//! `docs/protocol.md` section 9.7:
//!
//! | value | JSON | `MessagePack` |
//! |---|---|---|
//! | `None` | `null` | nil |
//! | `Some(None)`, `Some(())` | `{"$pipewright.some":1}` | extension 115, `some\x01` |
//! | `Some(Some(None))` | `{"$pipewright.some":2}` | extension 115, `some\x02` |
//!
//! Items that hold such a null are rare, so [`Nest`] is put around the format's deserialiser only
//! for items whose bytes have the mark in them. No other item pays.

mod access;
mod deserializer;
mod json;
#[cfg(feature = "messagepack")]
mod messagepack;
mod null;
mod visitor;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Visitor};

pub(super) use deserializer::Nest;
pub(super) use json::{InJson, KEY};
#[cfg(feature = "messagepack")]
pub(super) use messagepack::{Content, EXTENSION, InMessagePack, Tracked};

/// How a format marks a null within options.
pub(super) trait Marks<'de>: Copy {
    /// Whether keys of maps may hold a mark.
    const IN_KEYS: bool;

    /// Reads an option.
    fn option<D: Deserializer<'de>, V: Visitor<'de>>(
        self,
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error>;

    /// Reads a map that nobody has asked for as a map: it may be a mark.
    fn any_map<A: serde::de::MapAccess<'de>, V: Visitor<'de>>(
        self,
        map: A,
        visitor: V,
    ) -> Result<V::Value, A::Error>;

    /// Reads an extension that nobody has asked for: it may be a mark.
    fn any_newtype<D: Deserializer<'de>, V: Visitor<'de>>(
        self,
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error>;
}

/// Deserialises a value that may hold marks.
#[derive(Clone, Copy)]
struct NestSeed<S, M> {
    inner: S,
    marks: M,
}

impl<'de, S: DeserializeSeed<'de>, M: Marks<'de>> DeserializeSeed<'de> for NestSeed<S, M> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Nest::new(deserializer, self.marks))
    }
}

/// The most options that a mark stands for, which bounds the recursion.
const MAX_SOMES: u8 = u8::MAX;

/// The error of a mark that stands for nothing.
fn bad_mark<E: serde::de::Error>() -> E {
    E::custom(format_args!(
        "a null within options is within 1 to {MAX_SOMES} of them"
    ))
}

/// Reads a value of a type, for those who have no seed.
fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(deserializer)
}
