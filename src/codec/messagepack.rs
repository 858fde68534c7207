use std::io::{Cursor, ErrorKind};

use bytes::BytesMut;
use rmp_serde::decode::Error;
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed};

use super::append::Append;
use super::bounded::{Guard, Refusal};
use super::{Decode, Decoded, Encode, EncodeError, Format, FormatError, ItemLimits, delimited};

/// `MessagePack` (`msgpack`), each item with its length before it: 4 bytes, big-endian. With the
/// feature `messagepack`.
///
/// As free as JSON and shorter, for every language that has a library
/// for it.
/// Structs are maps with the names of their fields, so it describes itself, and a field may be
/// added or left out as `serde` allows.
///
/// # Example
///
/// ```
/// use bytes::BytesMut;
/// use pipewright::format::{Decode, Decoded, Encode, MessagePack};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// struct Point { x: u8, y: u8 }
///
/// let mut bytes = BytesMut::new();
/// MessagePack::default().encode(Point { x: 1, y: 2 }, &mut bytes).unwrap();
/// assert_eq!(&bytes[..], b"\0\0\0\x07\x82\xa1x\x01\xa1y\x02");
/// let decoded: Decoded<Point> = MessagePack::default().decode(&bytes, false).unwrap();
/// assert_eq!(decoded, Decoded::Item { item: Point { x: 1, y: 2 }, len: 11 });
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct MessagePack {
    limits: ItemLimits,
}

impl Format for MessagePack {
    const NAME: &'static str = "msgpack";
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> Encode<T> for MessagePack {
    fn encode(&mut self, item: T, out: &mut BytesMut) -> Result<(), EncodeError<T>> {
        delimited::encode(out, |out| {
            rmp_serde::encode::write_named(&mut Append(out), &item)
        })
        .map_err(|error| EncodeError {
            item: Some(item),
            error,
        })
    }
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Decode<T> for MessagePack {
    fn set_limits(&mut self, limits: ItemLimits) {
        self.limits = limits;
    }

    fn decode(&mut self, input: &[u8], _: bool) -> Result<Decoded<T>, FormatError> {
        delimited::decode(input, |content| {
            let guard = Guard::new(self.limits, content.len());
            let mut deserializer = rmp_serde::Deserializer::new(Cursor::new(content));
            // The guard counts instead, by the receiver's own limit.
            deserializer.set_max_depth(usize::MAX);
            match guard.seed().deserialize(&mut deserializer) {
                Ok(item) => {
                    let read = usize::try_from(deserializer.position());
                    Ok((item, read.unwrap_or(usize::MAX)))
                }
                Err(error) => Err(Refusal(guard.refusal().unwrap_or_else(|| in_words(&error)))),
            }
        })
    }
}

fn in_words(error: &Error) -> String {
    match error {
        Error::InvalidMarkerRead(error) | Error::InvalidDataRead(error)
            if error.kind() == ErrorKind::UnexpectedEof =>
        {
            delimited::SHORT.to_owned()
        }
        Error::TypeMismatch(marker) => format!("a value is of another type: {marker:?}"),
        error => error.to_string(),
    }
}
