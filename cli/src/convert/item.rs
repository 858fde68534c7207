use std::fmt;
use std::io;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::invalid;

/// One item, between its external format and the format of its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// UTF-8 text without line ends.
    Text(Bytes),
    /// A JSON value on one line.
    Json(Bytes),
}

impl Item {
    /// The item as a JSON value on one line, without the line end.
    pub(super) fn into_json(self) -> io::Result<Bytes> {
        match self {
            Self::Json(json) => Ok(json),
            Self::Text(text) => {
                let text = str::from_utf8(&text).map_err(|error| invalid(error.to_string()))?;
                Ok(serde_json::to_vec(text)?.into())
            }
        }
    }

    /// The item as text: a JSON string without its quotes, or any other value as JSON.
    pub(super) fn into_text(self) -> io::Result<Bytes> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Json(json) => text_of(json),
        }
    }
}

/// A JSON string without its quotes, or any other value unchanged.
pub(super) fn text_of(json: Bytes) -> io::Result<Bytes> {
    if !json.starts_with(b"\"") {
        return Ok(json);
    }
    let text: String = serde_json::from_slice(&json)?;
    Ok(text.into())
}

/// Fails if `json` is not exactly one JSON value.
pub(super) fn check(json: &[u8]) -> serde_json::Result<()> {
    let mut parser = serde_json::Deserializer::from_slice(json);
    parser.disable_recursion_limit();
    IgnoredAny::deserialize(&mut parser)?;
    parser.end()
}

/// The members of a JSON object in order.
pub(super) struct Members(pub(super) Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
