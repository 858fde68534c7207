use std::fmt;

use bytes::Bytes;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
