use std::fmt;

use serde::de::{self, Deserializer, Visitor};

use super::offers::{BYTES, TEXTS};
use super::parts::{fields, parts};
use super::traced::{Key, Named, Traced};
use super::tracer::{Failure, Tracer};
use super::variant::VariantOf;

/// The end of a run; the [`Tracer`] knows why.
#[derive(Debug)]
pub(super) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the type has no such value")
    }
}

impl std::error::Error for Stopped {}

impl de::Error for Stopped {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A deserialiser that makes values up and notes what was asked for.
pub(super) struct Explorer<'a> {
    pub(super) tracer: &'a mut Tracer,
    pub(super) found: &'a mut Traced,
}

impl<'a> Explorer<'a> {
    pub(super) fn new(tracer: &'a mut Tracer, found: &'a mut Traced) -> Self {
        Self { tracer, found }
    }

    pub(super) fn fail<V>(self, failure: Failure) -> Result<V, Stopped> {
        self.tracer.failure = Some(failure);
        Err(Stopped)
    }

    /// Counts the question and answers with one of `values`.
    fn scalar<C: Copy>(&mut self, name: &'static str, values: &[C]) -> Result<C, Stopped> {
        *self.found = Traced::Scalar(name);
        self.ask()?;
        self.tracer.offer(values).ok_or(Stopped)
    }

    fn ask(&mut self) -> Result<(), Stopped> {
        if self.tracer.question() {
            return Ok(());
        }
        self.tracer.failure = Some(Failure::Hopeless);
        Err(Stopped)
    }

    /// A named type, which `make` makes and gives what it is.
    fn named<V>(
        self,
        key: Key,
        make: impl FnOnce(&mut Tracer) -> Result<(V, Traced), Stopped>,
        named: impl FnOnce(Traced) -> Named,
    ) -> Result<V, Stopped> {
        *self.found = Traced::Named(key);
        if !self.tracer.open(key) {
            return self.fail(Failure::Endless);
        }
        let (value, found) = make(self.tracer)?;
        if !self.tracer.is_ending() {
            self.tracer.named.insert(key, named(found));
        }
        self.tracer.close(key);
        Ok(value)
    }
}

macro_rules! scalars {
    ($($method:ident $visit:ident $name:literal $values:expr;)*) => {
        $(fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stopped> {
            let value = self.scalar($name, $values)?;
            visitor.$visit(value)
        })*
    };
}

impl<'de> Deserializer<'de> for Explorer<'_> {
    type Error = Stopped;

    scalars! {
        deserialize_bool visit_bool "bool" &[false, true];
        deserialize_i8 visit_i8 "i8" &[1, 0, 2];
        deserialize_i16 visit_i16 "i16" &[1, 0, 2];
        deserialize_i32 visit_i32 "i32" &[1, 0, 2];
        deserialize_i64 visit_i64 "i64" &[1, 0, 2];
        deserialize_i128 visit_i128 "i128" &[1, 0, 2];
        deserialize_u8 visit_u8 "u8" &[1, 0, 2];
        deserialize_u16 visit_u16 "u16" &[1, 0, 2];
        deserialize_u32 visit_u32 "u32" &[1, 0, 2];
        deserialize_u64 visit_u64 "u64" &[1, 0, 2];
        deserialize_u128 visit_u128 "u128" &[1, 0, 2];
        deserialize_f32 visit_f32 "f32" &[0.0, 1.0];
        deserialize_f64 visit_f64 "f64" &[0.0, 1.0];
        deserialize_char visit_char "char" &['a', '0'];
        deserialize_str visit_borrowed_str "string" TEXTS;
        deserialize_string visit_borrowed_str "string" TEXTS;
        deserialize_bytes visit_borrowed_bytes "bytes" BYTES;
        deserialize_byte_buf visit_borrowed_bytes "bytes" BYTES;
    }

    fn deserialize_unit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stopped> {
        self.scalar("unit", &[()])?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stopped> {
        self.ask()?;
        if self.tracer.is_ending() {
            return visitor.visit_none();
        }
        let mut of = Traced::Unknown;
        self.tracer.enter(0);
        let value = visitor.visit_some(Explorer::new(self.tracer, &mut of))?;
        self.tracer.leave();
        *self.found = Traced::Option(Box::new(of));
        Ok(value)
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stopped> {
        self.ask()?;
        let len = usize::from(!self.tracer.is_ending());
        let (value, mut parts) = parts(self.tracer, len, |parts| visitor.visit_seq(parts))?;
        *self.found = Traced::List(Box::new(parts.pop().unwrap_or_default()));
        Ok(value)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stopped> {
        self.ask()?;
        let len = if self.tracer.is_ending() { 0 } else { 2 };
        let (value, mut parts) = parts(self.tracer, len, |parts| visitor.visit_map(parts))?;
        let of = parts.pop().unwrap_or_default();
        let key = parts.pop().unwrap_or_default();
        *self.found = Traced::Map(Box::new((key, of)));
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        mut self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.ask()?;
        let (value, parts) = parts(self.tracer, len, |parts| visitor.visit_seq(parts))?;
        *self.found = Traced::Tuple(parts);
        Ok(value)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.ask()?;
        let make = |tracer: &mut Tracer| {
            let mut of = Traced::Unknown;
            tracer.enter(0);
            let value = visitor.visit_newtype_struct(Explorer::new(tracer, &mut of))?;
            tracer.leave();
            Ok((value, of))
        };
        self.named((typeid::of::<V::Value>(), name), make, Named::Newtype)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.ask()?;
        let make = |tracer: &mut Tracer| {
            let (value, parts) = parts(tracer, len, |parts| visitor.visit_seq(parts))?;
            Ok((value, Traced::Tuple(parts)))
        };
        self.named((typeid::of::<V::Value>(), name), make, Named::Struct)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.ask()?;
        let make = |tracer: &mut Tracer| {
            let (value, parts) = parts(tracer, names.len(), |parts| visitor.visit_seq(parts))?;
            Ok((value, fields(names, parts)))
        };
        self.named((typeid::of::<V::Value>(), name), make, Named::Struct)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.ask()?;
        let key = (typeid::of::<V::Value>(), name);
        *self.found = Traced::Named(key);
        if !self.tracer.open(key) {
            return self.fail(Failure::Endless);
        }
        let Some(number) = self.tracer.variant(key, names) else {
            return self.fail(Failure::Hopeless);
        };
        let unseen = std::mem::take(&mut self.tracer.unseen);
        let mut content = Traced::Unknown;
        self.tracer.enter(number);
        let value = visitor.visit_enum(VariantOf {
            explorer: Explorer::new(self.tracer, &mut content),
            key,
            number,
        })?;
        self.tracer.leave();
        if !self.tracer.is_ending() {
            let done = !self.tracer.unseen;
            if let Some(variants) = self.tracer.variants(key, names) {
                if let Some(variant) = variants.list.get_mut(number) {
                    variant.content = content;
                    variant.done = done;
                }
                self.tracer.unseen = variants.list.iter().any(|variant| !variant.done);
            }
        }
        self.tracer.unseen |= unseen;
        self.tracer.close(key);
        Ok(value)
    }

    // A type that asks what comes next cannot be read from a positional format, either.

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stopped> {
        self.fail(Failure::Hopeless)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stopped> {
        self.fail(Failure::Hopeless)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stopped> {
        self.fail(Failure::Hopeless)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}
