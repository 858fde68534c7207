use serde::de::value::CowStrDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::marks::Marks;
use super::wrappers::{NestAccess, NestVisitor};

impl<'de, A: SeqAccess<'de>, M: Marks<'de>> SeqAccess<'de> for NestAccess<'de, A, M> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let seed = self.seed(seed);
        self.inner.next_element_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

impl<'de, A: MapAccess<'de>, M: Marks<'de>> MapAccess<'de> for NestAccess<'de, A, M> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        if let Some(first) = self.first.take() {
            return seed
                .deserialize(CowStrDeserializer::<A::Error>::new(first))
                .map(Some);
        }
        if M::IN_KEYS {
            let seed = self.seed(seed);
            return self.inner.next_key_seed(seed);
        }
        self.inner.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.seed(seed);
        self.inner.next_value_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        let rest = self.inner.size_hint()?;
        Some(rest + usize::from(self.first.is_some()))
    }
}

impl<'de, A: EnumAccess<'de>, M: Marks<'de>> EnumAccess<'de> for NestAccess<'de, A, M> {
    type Error = A::Error;
    type Variant = NestAccess<'de, A::Variant, M>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (value, variant) = self.inner.variant_seed(seed)?;
        Ok((value, NestAccess::new(variant, self.marks)))
    }
}

impl<'de, A: VariantAccess<'de>, M: Marks<'de>> VariantAccess<'de> for NestAccess<'de, A, M> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.seed(seed);
        self.inner.newtype_variant_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let visitor = NestVisitor::new(visitor, self.marks);
        self.inner.tuple_variant(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = NestVisitor::new(visitor, self.marks);
        self.inner.struct_variant(fields, visitor)
    }
}
