use std::fmt;

use serde::de::{self, Deserializer, EnumAccess, MapAccess, SeqAccess, Visitor};

use super::fault::Fault;
use super::guard::Level;
use super::wrappers::{Bounded, BoundedAccess, BoundedVisitor};

impl<'g, V> BoundedVisitor<'g, V> {
    /// Calls `visit` with the inner value, one level deeper.
    #[inline]
    fn go<'de, T, E: de::Error>(
        self,
        visit: impl FnOnce(V, Level<'g>) -> Result<T, Fault<E>>,
    ) -> Result<T, E> {
        let level = self.level;
        let inner = self.inner;
        let result = level.inner().and_then(|inside| visit(inner, inside));
        result.map_err(|fault| level.raise(fault))
    }
}

macro_rules! forward {
    ($($method:ident($type:ty);)*) => {
        $(#[inline]
        fn $method<E: de::Error>(self, value: $type) -> Result<V::Value, E> {
            let result = self.inner.$method::<Fault<E>>(value);
            result.map_err(|fault| self.level.raise(fault))
        })*
    };
}

impl<'de, V: Visitor<'de>> Visitor<'de> for BoundedVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    forward! {
        visit_bool(bool);
        visit_i8(i8);
        visit_i16(i16);
        visit_i32(i32);
        visit_i64(i64);
        visit_i128(i128);
        visit_u8(u8);
        visit_u16(u16);
        visit_u32(u32);
        visit_u64(u64);
        visit_u128(u128);
        visit_f32(f32);
        visit_f64(f64);
        visit_char(char);
        visit_str(&str);
        visit_borrowed_str(&'de str);
        visit_string(String);
        visit_bytes(&[u8]);
        visit_borrowed_bytes(&'de [u8]);
        visit_byte_buf(Vec<u8>);
    }

    #[inline]
    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        let result = self.inner.visit_none::<Fault<E>>();
        result.map_err(|fault| self.level.raise(fault))
    }

    #[inline]
    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        let result = self.inner.visit_unit::<Fault<E>>();
        result.map_err(|fault| self.level.raise(fault))
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.go(|visitor, level| visitor.visit_some(Bounded::new(inner, level)))
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.go(|visitor, level| visitor.visit_newtype_struct(Bounded::new(inner, level)))
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.go(|visitor, level| visitor.visit_seq(BoundedAccess::new(access, level)))
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.go(|visitor, level| visitor.visit_map(BoundedAccess::new(access, level)))
    }

    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.go(|visitor, level| visitor.visit_enum(BoundedAccess::new(access, level)))
    }
}
