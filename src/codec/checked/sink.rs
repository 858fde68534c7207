use std::fmt::{self, Display};

use serde::ser::{
    self, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use serde::{Serialize, Serializer};

/// A serialiser that writes nothing. It rejects at least the values that its format rejects, except
/// for those that the [`Rules`](super::Rules) already reject.
///
/// It reports no reason. The caller serialises a refused value with the real format, which states
/// the reason.
#[derive(Clone, Copy)]
pub(crate) struct Sink {
    /// Whether map keys must be text, as in JSON.
    pub(crate) text_keys: bool,
    /// Whether the length of a list must be known in advance.
    pub(crate) needs_len: bool,
    is_key: bool,
}

impl Sink {
    /// For formats whose keys are text.
    pub(crate) const TEXT_KEYS: Self = Self {
        text_keys: true,
        needs_len: false,
        is_key: false,
    };
    /// For formats that write the length before a list.
    pub(crate) const NEEDS_LEN: Self = Self {
        text_keys: false,
        needs_len: true,
        is_key: false,
    };
    /// For formats without such rules.
    #[cfg(feature = "messagepack")]
    pub(crate) const ANY: Self = Self {
        text_keys: false,
        needs_len: false,
        is_key: false,
    };

    #[inline]
    fn unless_key(self) -> Result<(), Refused> {
        if self.is_key { Err(Refused) } else { Ok(()) }
    }

    #[inline]
    fn parts(self) -> Result<Self, Refused> {
        self.unless_key()?;
        Ok(self)
    }

    #[inline]
    fn list(self, len: Option<usize>) -> Result<Self, Refused> {
        if self.needs_len && len.is_none() {
            return Err(Refused);
        }
        self.parts()
    }
}

/// The value was refused.
#[derive(Debug)]
pub(crate) struct Refused;

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value is refused")
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

macro_rules! scalars {
    ($($method:ident($type:ty);)*) => {
        $(#[inline]
        fn $method(self, _: $type) -> Result<(), Refused> {
            Ok(())
        })*
    };
}

impl Serializer for Sink {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    scalars! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
    }

    #[inline]
    fn serialize_bytes(self, _: &[u8]) -> Result<(), Refused> {
        self.unless_key()
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Refused> {
        self.unless_key()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), Refused> {
        self.unless_key()
    }

    #[inline]
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refused> {
        self.unless_key()
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<(), Refused> {
        Ok(())
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        value.serialize(self.parts()?)
    }

    #[inline]
    fn serialize_seq(self, len: Option<usize>) -> Result<Self, Refused> {
        self.list(len)
    }

    #[inline]
    fn serialize_tuple(self, _: usize) -> Result<Self, Refused> {
        self.parts()
    }

    #[inline]
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Refused> {
        self.parts()
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Refused> {
        self.parts()
    }

    #[inline]
    fn serialize_map(self, len: Option<usize>) -> Result<Self, Refused> {
        self.list(len)
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Refused> {
        self.parts()
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Refused> {
        self.parts()
    }

    /// Values serialised by `Display` are text, which no format refuses.
    #[inline]
    fn collect_str<T: Display + ?Sized>(self, _: &T) -> Result<(), Refused> {
        Ok(())
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.text_keys
    }
}

macro_rules! elements {
    ($($trait:ident $method:ident($($name:ident: $type:ty),*);)*) => {
        $(impl $trait for Sink {
            type Ok = ();
            type Error = Refused;

            #[inline]
            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: $type,)*
                value: &T,
            ) -> Result<(), Refused> {
                value.serialize(*self)
            }

            #[inline]
            fn end(self) -> Result<(), Refused> {
                Ok(())
            }
        })*
    };
}

elements! {
    SerializeSeq serialize_element();
    SerializeTuple serialize_element();
    SerializeTupleStruct serialize_field();
    SerializeTupleVariant serialize_field();
    SerializeStruct serialize_field(_name: &'static str);
    SerializeStructVariant serialize_field(_name: &'static str);
}

impl SerializeMap for Sink {
    type Ok = ();
    type Error = Refused;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        key.serialize(Self {
            is_key: self.text_keys,
            ..*self
        })
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        value.serialize(*self)
    }

    #[inline]
    fn end(self) -> Result<(), Refused> {
        Ok(())
    }
}
