use std::cell::Cell;
use std::fmt;
use std::io;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::marks::{Content, EXTENSION, Marks, read};
use super::null::Null;
use super::wrappers::{Nest, NestAccess};

/// A whole mark without the number: an extension of 5 bytes.
const MARK: [u8; 7] = [0xc7, 5, 115, b's', b'o', b'm', b'e'];

/// A record that tracks the read position.
pub(in crate::codec) struct Tracked<'p, 'de> {
    pub(in crate::codec) content: &'de [u8],
    pub(in crate::codec) position: &'p Cell<usize>,
}

impl io::Read for Tracked<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let position = self.position.get();
        let mut rest = self.content.get(position..).unwrap_or_default();
        let read = rest.read(out)?;
        self.position.set(position + read);
        Ok(read)
    }
}

/// Marks in `MessagePack`.
#[derive(Clone, Copy)]
pub(in crate::codec) struct InMessagePack<'p, 'de> {
    pub(in crate::codec) content: &'de [u8],
    pub(in crate::codec) position: &'p Cell<usize>,
}

impl InMessagePack<'_, '_> {
    /// Whether `content` contains a mark, or bytes that look like one.
    #[inline]
    pub(in crate::codec) fn is_in(content: &[u8]) -> bool {
        memchr::memchr(MARK[0], content)
            .is_some_and(|at| memchr::memmem::find(&content[at..], &MARK).is_some())
    }

    /// The number of options of the mark whose first byte was just read, if it is a mark.
    fn mark(self) -> Option<u8> {
        let first = self.position.get().checked_sub(1)?;
        let rest = self.content.get(first..)?.strip_prefix(&MARK)?;
        rest.first().copied()
    }
}

impl<'de> Marks<'de> for InMessagePack<'_, 'de> {
    const IN_KEYS: bool = true;

    fn option<D: Deserializer<'de>, V: Visitor<'de>>(
        self,
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        deserializer.deserialize_option(OptionVisitor {
            inner: visitor,
            marks: self,
        })
    }

    fn any_map<A: MapAccess<'de>, V: Visitor<'de>>(
        self,
        map: A,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        visitor.visit_map(NestAccess::new(map, self))
    }

    fn any_newtype<D: Deserializer<'de>, V: Visitor<'de>>(
        self,
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        match read::<Extension, D>(deserializer)? {
            Extension(EXTENSION, Some(somes)) => Null::visit(somes, visitor),
            Extension(code, _) => Err(D::Error::custom(format_args!(
                "no type takes the extension {code}"
            ))),
        }
    }
}

/// Inspects a non-nil option before it is read.
struct OptionVisitor<V, M> {
    inner: V,
    marks: M,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for OptionVisitor<V, InMessagePack<'_, 'de>> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let Some(somes) = self.marks.mark() else {
            return self.inner.visit_some(Nest::new(inner, self.marks));
        };
        read::<IgnoredAny, D>(inner)?;
        Null::visit(somes, self.inner)
    }
}

/// The type of an extension, and the number of options if it is a mark.
struct Extension(i8, Option<u8>);

impl<'de> Deserialize<'de> for Extension {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExtensionVisitor)
    }
}

struct ExtensionVisitor;

impl<'de> Visitor<'de> for ExtensionVisitor {
    type Value = Extension;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an extension")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Extension, A::Error> {
        let code = parts.next_element()?;
        let content = parts.next_element::<Bytes>()?;
        match (code, content) {
            (Some(code), Some(Bytes(somes))) => Ok(Extension(code, somes)),
            _ => Err(A::Error::invalid_length(0, &self)),
        }
    }
}

/// The content of an extension, interpreted as a mark.
struct Bytes(Option<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor;

        impl Visitor<'_> for BytesVisitor {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: Error>(self, content: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(Content::somes(content)))
            }
        }

        deserializer.deserialize_bytes(BytesVisitor)
    }
}
