use serde::Serializer;
use serde::ser::{Error, SerializeMap};

use crate::codec::nested::KEY;
#[cfg(feature = "messagepack")]
use crate::codec::nested::{Content, EXTENSION};

/// What a format cannot represent, and how it represents special cases.
pub(in crate::codec) trait Rules: Copy {
    /// Whether the format is positional, so that no field may be omitted.
    const POSITIONAL: bool = false;
    /// Whether non-finite floats can be represented.
    const NON_FINITE: bool = true;
    /// Whether a unit struct is written as null.
    const UNIT_STRUCT_IS_NULL: bool = true;
    /// A map key that is reserved for another meaning.
    const RESERVED_KEY: Option<&'static str> = None;
    /// Whether JSON text is embedded unchanged.
    const TEXT_IS_RAW: bool = false;
    /// Whether embedded JSON text could not be read back.
    const REFUSES_RAW: bool = false;
    /// Whether numbers that arrive as text must be written as numbers.
    const TEXT_IS_NUMBER: bool = false;

    /// Writes a null that is directly inside `somes` options.
    fn null_within<S: Serializer>(self, serializer: S, somes: usize) -> Result<S::Ok, S::Error> {
        let _ = somes;
        serializer.serialize_none()
    }

    /// The number of options around a null, as stored in a mark.
    fn somes<E: Error>(self, somes: usize) -> Result<u8, E> {
        u8::try_from(somes)
            .map_err(|_| self.refuse("more than 255 options are within each other".to_owned()))
    }

    /// Records that a value of type `T` is written at a position that not every item has.
    fn meets<T: ?Sized>(self) {}

    /// Records that a variant is written.
    fn meets_variant(self, name: &'static str, index: u32, variant: &'static str) {
        let _ = (name, index, variant);
    }

    /// Creates the format's error with this text.
    fn refuse<E: Error>(self, text: String) -> E {
        E::custom(text)
    }
}

/// Writes nulls within options as `{"$pipewright.some":1}` and refuses floats that JSON cannot
/// represent.
#[derive(Clone, Copy)]
pub(in crate::codec) struct JsonRules;

impl Rules for JsonRules {
    const NON_FINITE: bool = false;
    const RESERVED_KEY: Option<&'static str> = Some(KEY);
    const TEXT_IS_RAW: bool = true;

    #[cold]
    fn null_within<S: Serializer>(self, serializer: S, somes: usize) -> Result<S::Ok, S::Error> {
        let somes = self.somes(somes)?;
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(KEY, &somes)?;
        map.end()
    }
}

/// Writes nulls within options as an extension, and numbers as numbers.
#[cfg(feature = "messagepack")]
#[derive(Clone, Copy)]
pub(in crate::codec) struct MessagePackRules;

#[cfg(feature = "messagepack")]
impl Rules for MessagePackRules {
    const UNIT_STRUCT_IS_NULL: bool = false;
    const REFUSES_RAW: bool = true;
    const TEXT_IS_NUMBER: bool = true;

    #[cold]
    fn null_within<S: Serializer>(self, serializer: S, somes: usize) -> Result<S::Ok, S::Error> {
        let somes = self.somes(somes)?;
        serializer.serialize_newtype_struct(
            rmp_serde::MSGPACK_EXT_STRUCT_NAME,
            &(EXTENSION, Content::new(somes)),
        )
    }
}
