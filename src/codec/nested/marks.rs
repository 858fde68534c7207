use serde::de::{Deserialize, Deserializer, Visitor};

/// The only key of an object that is a mark; its value is the number of options.
pub(in crate::codec) const KEY: &str = "$pipewright.some";

/// The extension type of a mark.
#[cfg(feature = "messagepack")]
pub(in crate::codec) const EXTENSION: i8 = 115;
/// The content of the extension before the number of options.
#[cfg(feature = "messagepack")]
const NAME: [u8; 4] = *b"some";
/// How a format marks a null within options.
pub(in crate::codec) trait Marks<'de>: Copy {
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

/// Maximum number of options in a mark, which bounds the recursion.
const MAX_SOMES: u8 = u8::MAX;

/// The error for an invalid mark.
pub(super) fn bad_mark<E: serde::de::Error>() -> E {
    E::custom(format_args!(
        "a null within options is within 1 to {MAX_SOMES} of them"
    ))
}

/// Deserialises a value without a seed.
pub(super) fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    T::deserialize(deserializer)
}

/// The content of a mark.
#[cfg(feature = "messagepack")]
pub(in crate::codec) struct Content([u8; 5]);

#[cfg(feature = "messagepack")]
impl Content {
    pub(in crate::codec) fn new(somes: u8) -> Self {
        let [s, o, m, e] = NAME;
        Self([s, o, m, e, somes])
    }

    pub(super) fn somes(content: &[u8]) -> Option<u8> {
        match content.strip_prefix(&NAME)? {
            [somes] => Some(*somes),
            _ => None,
        }
    }
}

#[cfg(feature = "messagepack")]
impl serde::Serialize for Content {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}
