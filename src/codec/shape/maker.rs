use std::any::type_name;

use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::stopped::Stopped;

/// Maximum depth of a value that is made up.
const MAX_DEPTH: usize = 8;

/// A deserialiser that makes up values, as long as only serde's code sees them.
///
/// It makes up a value if the visitor belongs to serde or its derive and returns the requested
/// type. Otherwise the type's own code is involved, such as a conversion (`#[serde(from)]`), which
/// may panic on a value that it does not expect.
#[derive(Clone, Copy)]
pub(super) struct Maker {
    /// The name of the requested type.
    asked: &'static str,
    variant: usize,
    depth: usize,
}

/// Wrapper types that serde deserialises from the bytes of the wrapped type.
const AROUND: [&str; 3] = ["alloc::boxed::Box<", "alloc::rc::Rc<", "alloc::sync::Arc<"];

impl Maker {
    /// Makes up the value that `seed` requests, using the variant of this number for each enum.
    pub(super) fn make<'de, S: DeserializeSeed<'de>>(
        variant: usize,
        seed: S,
    ) -> Result<S::Value, Stopped> {
        Self::part(variant, MAX_DEPTH, seed)
    }

    fn part<'de, S: DeserializeSeed<'de>>(
        variant: usize,
        depth: usize,
        seed: S,
    ) -> Result<S::Value, Stopped> {
        seed.deserialize(Self {
            asked: type_name::<S::Value>(),
            variant,
            depth: depth.checked_sub(1).ok_or(Stopped)?,
        })
    }

    fn check<'de, V: Visitor<'de>>(self) -> Result<(), Stopped> {
        let mut asked = self.asked;
        while let Some(inner) = AROUND.iter().find_map(|around| asked.strip_prefix(around)) {
            asked = inner.strip_suffix('>').unwrap_or(inner);
        }
        let given = type_name::<V::Value>();
        let is_same = asked == given || (asked == "str" && given == "alloc::string::String");
        let visitor = type_name::<V>();
        let is_serde = visitor.starts_with("serde_core::")
            || visitor.starts_with("serde::")
            || visitor.split('<').any(|part| part.ends_with("::__Visitor"));
        if is_same && is_serde {
            Ok(())
        } else {
            Err(Stopped)
        }
    }

    fn parts(self, len: usize) -> Made {
        Made { maker: self, len }
    }
}

macro_rules! scalars {
    ($($method:ident $visit:ident $value:expr;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
            self.check::<V>()?;
            visitor.$visit($value)
        })*
    };
}

impl<'de> Deserializer<'de> for Maker {
    type Error = Stopped;

    scalars! {
        deserialize_bool visit_bool false;
        deserialize_i8 visit_i8 1;
        deserialize_i16 visit_i16 1;
        deserialize_i32 visit_i32 1;
        deserialize_i64 visit_i64 1;
        deserialize_i128 visit_i128 1;
        deserialize_u8 visit_u8 1;
        deserialize_u16 visit_u16 1;
        deserialize_u32 visit_u32 1;
        deserialize_u64 visit_u64 1;
        deserialize_u128 visit_u128 1;
        deserialize_f32 visit_f32 0.0;
        deserialize_f64 visit_f64 0.0;
        deserialize_char visit_char 'a';
        deserialize_str visit_borrowed_str "";
        deserialize_string visit_borrowed_str "";
        deserialize_bytes visit_borrowed_bytes &[];
        deserialize_byte_buf visit_borrowed_bytes &[];
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.deserialize_tuple(0, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.check::<V>()?;
        visitor.visit_map(self.parts(0))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.check::<V>()?;
        visitor.visit_none()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        self.check::<V>()?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.deserialize_unit(visitor)
    }

    /// Treated as a tuple, whose part has a known type.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.deserialize_tuple(1, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.check::<V>()?;
        visitor.visit_seq(self.parts(len))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.deserialize_tuple(names.len(), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.check::<V>()?;
        let last = names.len().checked_sub(1).ok_or(Stopped)?;
        visitor.visit_enum(MadeVariant {
            maker: self,
            number: self.variant.min(last),
        })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stopped> {
        Err(Stopped)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stopped> {
        Err(Stopped)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stopped> {
        Err(Stopped)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The parts of a value that is made up.
struct Made {
    maker: Maker,
    len: usize,
}

impl<'de> SeqAccess<'de> for Made {
    type Error = Stopped;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Stopped> {
        let Some(len) = self.len.checked_sub(1) else {
            return Ok(None);
        };
        self.len = len;
        Maker::part(self.maker.variant, self.maker.depth, seed).map(Some)
    }
}

/// A made-up map is empty.
impl<'de> MapAccess<'de> for Made {
    type Error = Stopped;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        _: S,
    ) -> Result<Option<S::Value>, Stopped> {
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<S::Value, Stopped> {
        Err(Stopped)
    }
}

struct MadeVariant {
    maker: Maker,
    number: usize,
}

impl<'de> EnumAccess<'de> for MadeVariant {
    type Error = Stopped;
    type Variant = Maker;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Maker), Stopped> {
        let number = u32::try_from(self.number).map_err(|_| Stopped)?;
        let variant = seed.deserialize(U32Deserializer::<Stopped>::new(number))?;
        Ok((variant, self.maker))
    }
}

/// The enum was checked, so its parts reach a visitor of the same derive.
impl<'de> VariantAccess<'de> for Maker {
    type Error = Stopped;

    fn unit_variant(self) -> Result<(), Stopped> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Stopped> {
        Self::part(self.variant, self.depth, seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stopped> {
        visitor.visit_seq(self.parts(len))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        visitor.visit_seq(self.parts(names.len()))
    }
}
