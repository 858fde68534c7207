use std::marker::PhantomData;

use serde::de::{Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;

use super::marks::bad_mark;
use crate::codec::checked::RAW;

/// Null with options around it.
pub(super) struct Null<E> {
    somes: u8,
    error: PhantomData<fn() -> E>,
}

impl<E: Error> Null<E> {
    /// Passes null inside `somes` options to `visitor`, which has already requested the outermost
    /// option.
    pub(super) fn visit<'de, V: Visitor<'de>>(somes: u8, visitor: V) -> Result<V::Value, E> {
        let Some(somes) = somes.checked_sub(1) else {
            return Err(bad_mark());
        };
        visitor.visit_some(Self::within(somes))
    }

    fn within(somes: u8) -> Self {
        Self {
            somes,
            error: PhantomData,
        }
    }
}

impl<'de, E: Error> Deserializer<'de> for Null<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.somes {
            0 => visitor.visit_unit(),
            somes => Self::visit(somes, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.somes {
            0 => visitor.visit_none(),
            somes => Self::visit(somes, visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, E> {
        if name == RAW && self.somes == 0 {
            let mut json = serde_json::Deserializer::from_str("null");
            return json
                .deserialize_newtype_struct(name, visitor)
                .map_err(E::custom);
        }
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
