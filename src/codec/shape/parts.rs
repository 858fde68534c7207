use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::explorer::{Explorer, Stopped};
use super::traced::Traced;
use super::tracer::Tracer;

/// Parts of a whole, made one after the other.
pub(super) struct Parts<'a> {
    tracer: &'a mut Tracer,
    found: &'a mut Vec<Traced>,
    len: usize,
}

impl Parts<'_> {
    fn next<'de, T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Stopped> {
        let part = self.found.len();
        if part == self.len {
            return Ok(None);
        }
        let mut found = Traced::Unknown;
        self.tracer.enter(part);
        let value = seed.deserialize(Explorer::new(self.tracer, &mut found))?;
        self.tracer.leave();
        self.found.push(found);
        Ok(Some(value))
    }
}

impl<'de> SeqAccess<'de> for Parts<'_> {
    type Error = Stopped;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Stopped> {
        self.next(seed)
    }
}

impl<'de> MapAccess<'de> for Parts<'_> {
    type Error = Stopped;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stopped> {
        self.next(seed)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stopped> {
        self.next(seed)?.ok_or(Stopped)
    }
}

/// Parts in a row, which `visit` takes; what they are.
pub(super) fn parts<V>(
    tracer: &mut Tracer,
    len: usize,
    visit: impl FnOnce(Parts<'_>) -> Result<V, Stopped>,
) -> Result<(V, Vec<Traced>), Stopped> {
    let mut found = Vec::new();
    let value = visit(Parts {
        tracer,
        found: &mut found,
        len,
    })?;
    Ok((value, found))
}

/// Fields with their names, if all of them were taken: the list holds aliases, too.
pub(super) fn fields(names: &[&'static str], parts: Vec<Traced>) -> Traced {
    let certain = names.len() == parts.len();
    let name = |at: usize| names.get(at).copied().filter(|_| certain);
    Traced::Fields(
        parts
            .into_iter()
            .enumerate()
            .map(|(at, of)| (name(at), of))
            .collect(),
    )
}
