use serde::de::{Deserializer, Visitor};

use super::fault::Fault;
use super::wrappers::{Bounded, BoundedVisitor};

macro_rules! forward {
    ($($method:ident($($name:ident: $type:ty),*) to $inner:ident;)*) => {
        $(#[inline]
        fn $method<V: Visitor<'de>>(
            self,
            $($name: $type,)*
            visitor: V,
        ) -> Result<V::Value, Self::Error> {
            let visitor = BoundedVisitor::new(visitor, self.level);
            self.inner.$inner($($name,)* visitor).map_err(Fault::Format)
        })*
    };
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Bounded<'_, D> {
    type Error = Fault<D::Error>;

    forward! {
        deserialize_any() to deserialize_any;
        deserialize_bool() to deserialize_bool;
        deserialize_i8() to deserialize_i8;
        deserialize_i16() to deserialize_i16;
        deserialize_i32() to deserialize_i32;
        deserialize_i64() to deserialize_i64;
        deserialize_i128() to deserialize_i128;
        deserialize_u8() to deserialize_u8;
        deserialize_u16() to deserialize_u16;
        deserialize_u32() to deserialize_u32;
        deserialize_u64() to deserialize_u64;
        deserialize_u128() to deserialize_u128;
        deserialize_f32() to deserialize_f32;
        deserialize_f64() to deserialize_f64;
        deserialize_char() to deserialize_char;
        deserialize_str() to deserialize_str;
        deserialize_string() to deserialize_str;
        deserialize_bytes() to deserialize_bytes;
        deserialize_byte_buf() to deserialize_bytes;
        deserialize_option() to deserialize_option;
        deserialize_unit() to deserialize_unit;
        deserialize_unit_struct(name: &'static str) to deserialize_unit_struct;
        deserialize_newtype_struct(name: &'static str) to deserialize_newtype_struct;
        deserialize_seq() to deserialize_seq;
        deserialize_tuple(len: usize) to deserialize_tuple;
        deserialize_tuple_struct(name: &'static str, len: usize) to deserialize_tuple_struct;
        deserialize_map() to deserialize_map;
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
            to deserialize_struct;
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
            to deserialize_enum;
        deserialize_identifier() to deserialize_identifier;
        deserialize_ignored_any() to deserialize_ignored_any;
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}
