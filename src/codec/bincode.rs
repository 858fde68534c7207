use bincode::error::{DecodeError, EncodeError as BincodeError};
use bytes::BytesMut;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::append::Append;
use super::bounded::{Guard, Refusal};
use super::{
    Decode, Decoded, Encode, EncodeError, Format, FormatError, ItemLimits, delimited, shape,
};

/// bincode 2 in its standard configuration, each item with its length before it: 4 bytes,
/// big-endian.
///
/// Compact and fast, for Rust on both ends. It is positional: bytes do not say which field they
/// belong to, so the header carries the item's shape and a receiver of another shape refuses the
/// stream. The shape is derived from the type's `Deserialize`, which is why a sender needs it, too;
/// types that it cannot be derived from (with `untagged` or `flatten`) fail to decode anyhow.
/// `skip_serializing_if` moves all fields behind it and breaks every positional format.
///
/// The crate bincode is at rest: version 2.0.1 is the last that works, it gets no updates
/// (RUSTSEC-2025-0141), and pipewright pins it. For new formats on disk or between companies
/// prefer [`MessagePack`](crate::format#messagepack) or [`Postcard`](crate::format#postcard).
///
/// # Example
///
/// ```
/// use bytes::BytesMut;
/// use pipewright::format::{Bincode, Decode, Decoded, Encode};
///
/// let mut bytes = BytesMut::new();
/// Bincode::default().encode((1_u8, 2_u64), &mut bytes).unwrap();
/// assert_eq!(&bytes[..], [0, 0, 0, 2, 1, 2]);
/// let decoded: Decoded<(u8, u64)> = Bincode::default().decode(&bytes, false).unwrap();
/// assert_eq!(decoded, Decoded::Item { item: (1, 2), len: 6 });
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Bincode {
    limits: ItemLimits,
}

impl Format for Bincode {
    const NAME: &'static str = "bincode";
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Encode<T> for Bincode {
    fn shape() -> Option<Value> {
        shape::of::<T>()
    }

    fn encode(&mut self, item: T, out: &mut BytesMut) -> Result<(), EncodeError<T>> {
        let config = bincode::config::standard();
        delimited::encode(out, |out| {
            bincode::serde::encode_into_writer(&item, Append(out), config)
                .map_err(|error| Refusal(unwritten(error)))
        })
        .map_err(|error| EncodeError {
            item: Some(item),
            error,
        })
    }
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Decode<T> for Bincode {
    fn shape() -> Option<Value> {
        shape::of::<T>()
    }

    fn set_limits(&mut self, limits: ItemLimits) {
        self.limits = limits;
    }

    fn decode(&mut self, input: &[u8], _: bool) -> Result<Decoded<T>, FormatError> {
        delimited::decode(input, |content| {
            let guard = Guard::new(self.limits, content.len());
            let config = bincode::config::standard();
            bincode::serde::seed_decode_from_slice(guard.seed(), content, config)
                .map_err(|error| guard.refusal().unwrap_or_else(|| unread(error)))
                .map_err(Refusal)
        })
    }
}

// bincode's own messages are its types as `Debug` prints them.

fn unwritten(error: BincodeError) -> String {
    match error {
        BincodeError::Other(text) => text.to_owned(),
        BincodeError::OtherString(text) => text,
        error => format!("bincode: {error:?}"),
    }
}

fn unread(error: DecodeError) -> String {
    match error {
        DecodeError::UnexpectedEnd { .. } => delimited::SHORT.to_owned(),
        DecodeError::Utf8 { inner } => inner.to_string(),
        DecodeError::InvalidBooleanValue(byte) => format!("{byte} is not a bool"),
        DecodeError::InvalidCharEncoding(bytes) => format!("{bytes:?} is not a char"),
        DecodeError::UnexpectedVariant {
            type_name, found, ..
        } => format!("{found} is not a variant of {type_name}"),
        DecodeError::InvalidIntegerType { expected, found } => {
            format!("an integer of type {expected:?} is written as {found:?}")
        }
        DecodeError::OutsideUsizeRange(len) => format!("{len} is too long"),
        DecodeError::Other(text) => text.to_owned(),
        DecodeError::OtherString(text) => text,
        DecodeError::Serde(_) => {
            "the type asks what comes next, which a positional format does not tell".to_owned()
        }
        error => format!("bincode: {error:?}"),
    }
}
