use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer};

use super::guard::{Guard, Level};
use super::wrappers::Bounded;

impl Guard {
    /// Returns a seed that deserialises an item within these bounds.
    #[inline]
    pub(in crate::codec) fn seed<T>(&self) -> Item<'_, T> {
        Item {
            level: Level {
                guard: self,
                left: self.limits.max_nesting,
            },
            item: PhantomData,
        }
    }
}

/// Deserialises an item within bounds.
pub(in crate::codec) struct Item<'g, T> {
    level: Level<'g>,
    item: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Item<'_, T> {
    type Value = T;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        let level = self.level;
        T::deserialize(Bounded::new(deserializer, level)).map_err(|fault| level.raise(fault))
    }
}
