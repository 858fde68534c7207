use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::fault::Fault;
use super::guard::Level;
use super::wrappers::{Bounded, BoundedAccess, BoundedVisitor};

impl<A> BoundedAccess<'_, A> {
    #[inline]
    fn count<E>(&mut self) -> Result<(), Fault<E>> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Fault::Refused(format!(
                "a list of more than {} elements is too long for the item",
                self.level.guard.max_elements
            ))),
        }
    }
}

/// A seed that receives a bounded deserialiser.
struct BoundedSeed<'g, S> {
    inner: S,
    level: Level<'g>,
}

impl<'g, S> BoundedSeed<'g, S> {
    #[inline]
    fn new(inner: S, level: Level<'g>) -> Self {
        Self { inner, level }
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for BoundedSeed<'_, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        let result = self.inner.deserialize(Bounded::new(inner, self.level));
        result.map_err(|fault| self.level.raise(fault))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for BoundedAccess<'_, A> {
    type Error = Fault<A::Error>;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        inner: S,
    ) -> Result<Option<S::Value>, Self::Error> {
        let seed = BoundedSeed::new(inner, self.level);
        let element = self.inner.next_element_seed(seed);
        let element = element.map_err(Fault::Format)?;
        if element.is_some() {
            self.count()?;
        }
        Ok(element)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint().map(|len| len.min(self.left))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for BoundedAccess<'_, A> {
    type Error = Fault<A::Error>;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        inner: S,
    ) -> Result<Option<S::Value>, Self::Error> {
        let seed = BoundedSeed::new(inner, self.level);
        let key = self.inner.next_key_seed(seed).map_err(Fault::Format)?;
        if key.is_some() {
            self.count()?;
        }
        Ok(key)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        inner: S,
    ) -> Result<S::Value, Self::Error> {
        let seed = BoundedSeed::new(inner, self.level);
        self.inner.next_value_seed(seed).map_err(Fault::Format)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint().map(|len| len.min(self.left))
    }
}

impl<'de, 'g, A: EnumAccess<'de>> EnumAccess<'de> for BoundedAccess<'g, A> {
    type Error = Fault<A::Error>;
    type Variant = BoundedAccess<'g, A::Variant>;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        inner: S,
    ) -> Result<(S::Value, Self::Variant), Self::Error> {
        let level = self.level;
        let seed = BoundedSeed::new(inner, level);
        let (value, variant) = self.inner.variant_seed(seed).map_err(Fault::Format)?;
        Ok((value, BoundedAccess::new(variant, level)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for BoundedAccess<'_, A> {
    type Error = Fault<A::Error>;

    #[inline]
    fn unit_variant(self) -> Result<(), Self::Error> {
        self.inner.unit_variant().map_err(Fault::Format)
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(
        self,
        inner: S,
    ) -> Result<S::Value, Self::Error> {
        let seed = BoundedSeed::new(inner, self.level);
        self.inner.newtype_variant_seed(seed).map_err(Fault::Format)
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let visitor = BoundedVisitor::new(visitor, self.level);
        self.inner
            .tuple_variant(len, visitor)
            .map_err(Fault::Format)
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let visitor = BoundedVisitor::new(visitor, self.level);
        self.inner
            .struct_variant(fields, visitor)
            .map_err(Fault::Format)
    }
}
