//! Reads null within options in self-describing formats.
//!
//! JSON and `MessagePack` write an option as its content, so `Some(None)`, `Some(())` and `None`
//! would be the same null. A null directly inside an option is therefore written as a mark
//! (`docs/protocol.md` section 9.7):
//!
//! | value | JSON | `MessagePack` |
//! |---|---|---|
//! | `None` | `null` | nil |
//! | `Some(None)`, `Some(())` | `{"$pipewright.some":1}` | extension 115, `some\x01` |
//! | `Some(Some(None))` | `{"$pipewright.some":2}` | extension 115, `some\x02` |
//!
//! Such items are rare. [`Nest`] wraps the format's deserialiser only for items whose bytes contain
//! the mark, so other items cost nothing extra.

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
    /// Whether map keys may contain a mark.
    const IN_KEYS: bool;

    /// Reads an option.
    fn option<D: Deserializer<'de>, V: Visitor<'de>>(
        self,
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error>;

    /// Reads a map that was requested as any value: it may be a mark.
    fn any_map<A: serde::de::MapAccess<'de>, V: Visitor<'de>>(
        self,
        map: A,
        visitor: V,
    ) -> Result<V::Value, A::Error>;

    /// Reads an extension that was requested as any value: it may be a mark.
    fn any_newtype<D: Deserializer<'de>, V: Visitor<'de>>(
        self,
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error>;
}

/// Deserialises a value that may contain marks.
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

/// Maximum number of options in a mark, which bounds the recursion.
const MAX_SOMES: u8 = u8::MAX;

/// The error for an invalid mark.
fn bad_mark<E: serde::de::Error>() -> E {
    E::custom(format_args!(
        "a null within options is within 1 to {MAX_SOMES} of them"
    ))
}

/// Deserialises a value without a seed.
fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(deserializer)
}
