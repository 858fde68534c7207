use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::marks::{KEY, Marks, bad_mark, read};
use super::null::Null;
use super::wrappers::{Nest, NestAccess};

/// Upper bound on the length of a mark, including white space.
const MAX_MARK: usize = 64;

/// Marks in JSON.
#[derive(Clone, Copy)]
pub(in crate::codec) struct InJson;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    #[serde(rename = "$pipewright.some")]
    somes: u8,
}

impl InJson {
    /// Whether `line` contains a mark, or text that looks like one.
    #[inline]
    pub(in crate::codec) fn is_in(line: &[u8]) -> bool {
        memchr::memchr(b'$', line)
            .is_some_and(|at| memchr::memmem::find(&line[at..], KEY.as_bytes()).is_some())
    }

    fn mark(text: &str) -> Option<Mark> {
        let may_be = text.starts_with('{') && text.len() <= MAX_MARK && text.contains(KEY);
        may_be.then(|| serde_json::from_str(text).ok())?
    }
}

impl<'de> Marks<'de> for InJson {
    /// Object keys are strings.
    const IN_KEYS: bool = false;

    fn option<D: Deserializer<'de>, V: Visitor<'de>>(
        self,
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let text = read::<&'de RawValue, D>(deserializer)?.get();
        if text == "null" {
            return visitor.visit_none();
        }
        if let Some(Mark { somes }) = Self::mark(text) {
            return Null::visit(somes, visitor);
        }
        let mut json = serde_json::Deserializer::from_str(text);
        // `bounded` counts the levels of the whole item; this deserialiser would start again at 0.
        json.disable_recursion_limit();
        visitor
            .visit_some(Nest::new(&mut json, self))
            .map_err(D::Error::custom)
    }

    fn any_map<A: MapAccess<'de>, V: Visitor<'de>>(
        self,
        mut map: A,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let Some(first) = map.next_key::<Cow<'de, str>>()? else {
            return visitor.visit_map(NestAccess::new(map, self));
        };
        if first != KEY {
            return visitor.visit_map(NestAccess::behind(first, map, self));
        }
        let somes = map.next_value()?;
        if map.next_key::<IgnoredAny>()?.is_some() {
            return Err(bad_mark());
        }
        Null::visit(somes, visitor)
    }

    fn any_newtype<D: Deserializer<'de>, V: Visitor<'de>>(
        self,
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(Nest::new(deserializer, self))
    }
}
