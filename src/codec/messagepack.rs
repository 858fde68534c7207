use std::cell::Cell;
use std::io::{Cursor, ErrorKind, Read};

use bytes::BytesMut;
use rmp_serde::decode::{Error, ReadReader};
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed};

use super::append::Append;
use super::bounded::{Guard, Refusal};
use super::checked::{Checked, MessagePackRules, Sink};
use super::nested::{InMessagePack, Nest, Tracked};
use super::{Decode, Decoded, Encode, EncodeError, Format, FormatError, ItemLimits, delimited};

/// `MessagePack` (`msgpack`). Each item is preceded by its length: 4 bytes, big-endian. Requires
/// the feature `messagepack`.
///
/// As flexible as JSON but more compact, for every language with a `MessagePack` library. Structs
/// are maps with field names, so the format is self-describing, and fields may be added or omitted
/// as `serde` allows.
///
/// `None` is written as nil, and `Some` as its content. A null inside an option, as in `Some(None)`
/// and `Some(())`, is written as the extension 115. It contains the text `some` and a byte that
/// counts the options around the null. Numbers of `serde_json` are written as numbers, whatever its
/// features; a number with more digits than 64 bits hold is refused.
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
    const CHECKS: bool = true;

    fn encode(&mut self, item: T, out: &mut BytesMut) -> Result<(), EncodeError<T>> {
        write(&item, out).map_err(|error| EncodeError {
            item: Some(item),
            error,
        })
    }

    #[inline]
    fn check(&mut self, item: &T) -> Result<(), FormatError> {
        match Checked::new(item, MessagePackRules).serialize(Sink::ANY) {
            Ok(()) => Ok(()),
            // Serialises the item again to find the reason for the rejection.
            Err(_) => write(item, &mut BytesMut::new()),
        }
    }
}

/// Appends an item.
fn write<T: Serialize>(item: &T, out: &mut BytesMut) -> Result<(), FormatError> {
    delimited::encode(out, |out| {
        let item = Checked::new(item, MessagePackRules);
        rmp_serde::encode::write_named(&mut Append(out), &item)
    })
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Decode<T> for MessagePack {
    fn set_limits(&mut self, limits: ItemLimits) {
        self.limits = limits;
    }

    fn decode(&mut self, input: &[u8], _: bool) -> Result<Decoded<T>, FormatError> {
        delimited::decode(input, |content| {
            let guard = Guard::new(self.limits, content.len());
            let item = if InMessagePack::is_in(content) {
                let position = &Cell::new(0);
                let mut deserializer = deserializer(Tracked { content, position });
                let nest = Nest::new(&mut deserializer, InMessagePack { content, position });
                let item = guard.seed().deserialize(nest);
                item.map(|item| (item, position.get()))
            } else {
                let mut deserializer = deserializer(Cursor::new(content));
                let item = guard.seed().deserialize(&mut deserializer);
                let read = usize::try_from(deserializer.position()).unwrap_or(usize::MAX);
                item.map(|item| (item, read))
            };
            item.map_err(|error| Refusal(guard.refusal().unwrap_or_else(|| in_words(&error))))
        })
    }
}

fn deserializer<R: Read>(input: R) -> rmp_serde::Deserializer<ReadReader<R>> {
    let mut deserializer = rmp_serde::Deserializer::new(input);
    // `bounded` counts the levels instead, with the receiver's limit.
    deserializer.set_max_depth(usize::MAX);
    deserializer
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
