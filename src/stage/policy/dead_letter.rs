use std::fmt;
use std::marker::PhantomData;

use bytes::{Bytes, BytesMut};
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::DeadLetters;
use super::error_handling::{ErrorHandling, Sealed};
use crate::channel::BadItem;
use crate::codec::Encode;
use crate::error::Error;

/// An item that a stage could not process, and why.
///
/// In JSON: `{"stage": .., "item": 3, "format": "ndjson", "bytes": "..", "error": ".."}`, where
/// `bytes` is text if it is valid UTF-8, and otherwise an array of numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The id of the stage.
    pub stage: String,
    /// The number of the item, from 0.
    pub item: u64,
    /// The format of the item, which is that of the stage's input.
    pub format: String,
    /// The encoded item.
    #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
    pub bytes: Bytes,
    /// The error with its causes.
    pub error: String,
}

/// Sends failed items to the dead letters, in the format `F` of the stage's input.
pub struct ToDeadLetters<F> {
    letters: DeadLetters,
    format: PhantomData<fn() -> F>,
}

impl<F> ToDeadLetters<F> {
    pub(super) fn new(letters: DeadLetters) -> Self {
        Self {
            letters,
            format: PhantomData,
        }
    }

    fn post(&self, letter: DeadLetter, cause: Error) -> BoxFuture<'static, Result<(), Error>> {
        let letters = self.letters.clone();
        async move {
            letters.post(letter).await.map_err(|error| {
                Error::msg(format_args!(
                    "{cause:#}; and the item could not be put to the dead letters: {error:#}"
                ))
            })
        }
        .boxed()
    }
}

impl<F> Sealed for ToDeadLetters<F> {}

impl<In, F> ErrorHandling<In> for ToDeadLetters<F>
where
    In: Clone + Send + 'static,
    F: Encode<In>,
{
    type Kept = In;

    const DEAD_LETTERS: bool = true;

    fn is_for_bad_items(&self) -> bool {
        true
    }

    fn end(&self) -> Option<BoxFuture<'static, Result<(), Error>>> {
        Some(self.letters.end())
    }

    fn keep(&self, item: &In) -> In {
        item.clone()
    }

    fn failed(
        &self,
        item: In,
        stage: &str,
        number: u64,
        error: Error,
    ) -> BoxFuture<'static, Result<(), Error>> {
        let mut bytes = BytesMut::new();
        if let Err(unwritable) = F::default().encode(item, &mut bytes) {
            let reason = format!(
                "{error:#}; and the item could not be written as a dead letter: {}",
                unwritable.error
            );
            return ready(Err(Error::msg(reason))).boxed();
        }
        let letter = DeadLetter {
            stage: stage.to_owned(),
            item: number,
            format: F::NAME.to_owned(),
            bytes: bytes.freeze(),
            error: format!("{error:#}"),
        };
        self.post(letter, error)
    }

    fn bad(&self, item: BadItem, stage: &str) -> BoxFuture<'static, Result<(), Error>> {
        let letter = DeadLetter {
            stage: stage.to_owned(),
            item: item.number,
            format: F::NAME.to_owned(),
            bytes: item.bytes.clone(),
            error: item.to_string(),
        };
        self.post(letter, item.into())
    }
}

impl<F> Clone for ToDeadLetters<F> {
    fn clone(&self) -> Self {
        Self::new(self.letters.clone())
    }
}

impl<F> fmt::Debug for ToDeadLetters<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.letters.fmt(f)
    }
}

fn write_bytes<S: Serializer>(bytes: &Bytes, to: S) -> Result<S::Ok, S::Error> {
    if !to.is_human_readable() {
        return to.serialize_bytes(bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => to.serialize_str(text),
        Err(_) => to.collect_seq(bytes.iter()),
    }
}

fn read_bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
    if from.is_human_readable() {
        from.deserialize_any(AnyBytes)
    } else {
        from.deserialize_byte_buf(AnyBytes)
    }
}

struct AnyBytes;

impl<'de> Visitor<'de> for AnyBytes {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or bytes")
    }

    fn visit_str<E>(self, text: &str) -> Result<Bytes, E> {
        Ok(Bytes::copy_from_slice(text.as_bytes()))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes::copy_from_slice(bytes))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
        Ok(bytes.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bytes, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = seq.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::DeadLetter;
    use crate::codec::{Bincode, Decode, Decoded, Encode};

    #[test]
    fn bytes_are_text_where_they_can_be() {
        for bytes in [&b"{\"n\":1}\n"[..], &[0xff, 0, 1], b""] {
            let letter = DeadLetter {
                stage: "s".to_owned(),
                item: 3,
                format: "f".to_owned(),
                bytes: bytes.to_vec().into(),
                error: "e".to_owned(),
            };
            let json = serde_json::to_string(&letter).unwrap();
            assert_eq!(json.contains("[255,0,1]"), bytes.first() == Some(&0xff));
            assert_eq!(serde_json::from_str::<DeadLetter>(&json).unwrap(), letter);
            let mut binary = BytesMut::new();
            Bincode::default()
                .encode(letter.clone(), &mut binary)
                .unwrap();
            match Bincode::default().decode(&binary, true).unwrap() {
                Decoded::Item { item, .. } => assert_eq!(letter, item),
                other => panic!("{other:?}"),
            }
        }
    }
}
