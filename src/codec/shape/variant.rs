use serde::de::value::U32Deserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, VariantAccess, Visitor};

use super::explorer::{Explorer, Stopped};
use super::parts::{fields, parts};
use super::traced::{Key, Traced};
use super::tracer::Failure;

/// One variant of an enum.
pub(super) struct VariantOf<'a> {
    pub(super) explorer: Explorer<'a>,
    pub(super) key: Key,
    pub(super) number: usize,
}

impl<'de, 'a> EnumAccess<'de> for VariantOf<'a> {
    type Error = Stopped;
    type Variant = Explorer<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Explorer<'a>), Stopped> {
        let number = u32::try_from(self.number).map_err(|_| Stopped)?;
        if let Ok(value) = seed.deserialize(U32Deserializer::<Stopped>::new(number)) {
            return Ok((value, self.explorer));
        }
        // No such variant: the names before it are all that there are, and some are aliases.
        let failure = match self.explorer.tracer.variants(self.key, &[]) {
            Some(variants) if (1..variants.list.len()).contains(&self.number) => {
                variants.shorten(self.number);
                Failure::Noted
            }
            _ => Failure::Hopeless,
        };
        self.explorer.fail(failure)
    }
}

impl<'de> VariantAccess<'de> for Explorer<'_> {
    type Error = Stopped;

    fn unit_variant(self) -> Result<(), Stopped> {
        *self.found = Traced::Scalar("unit");
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Stopped> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stopped> {
        self.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        let (value, parts) = parts(self.tracer, names.len(), |parts| visitor.visit_seq(parts))?;
        *self.found = fields(names, parts);
        Ok(value)
    }
}
