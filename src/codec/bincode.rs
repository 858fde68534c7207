use bincode::error::{DecodeError, EncodeError as BincodeError};
use bytes::BytesMut;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::append::Append;
use super::bounded::{Guard, Refusal};
use super::checked::{Checked, Known, Positional, Sink, Structure, verify};
use super::{
    Decode, Decoded, Encode, EncodeError, Format, FormatError, ItemLimits, delimited, shape,
};

/// bincode 2 in its standard configuration. Each item is preceded by its length: 4 bytes,
/// big-endian.
///
/// Compact and fast, for Rust on both ends. The format is positional: its bytes do not name fields.
/// The header therefore carries the item's shape, and a receiver with another shape rejects the
/// stream. The shape is derived from `Deserialize`, so a sender needs that implementation too.
///
/// A value is received exactly as it was sent, or the sender rejects it. The sender rejects fields
/// that `skip_serializing_if` omits, because all later fields would shift. It also deserialises an
/// item that contains a variant, a non-empty option or a list element for the first time, and
/// rejects it if the result differs. Types with `untagged` or `flatten`, and enums with a skipped
/// variant before the one sent, fail this check.
///
/// bincode is unmaintained (RUSTSEC-2025-0141): 2.0.1 is the last working version, and pipewright
/// pins it. For data on disk or between organisations, prefer
/// [`MessagePack`](crate::format#messagepack) or [`Postcard`](crate::format#postcard).
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
    known: Known,
}

impl Format for Bincode {
    const NAME: &'static str = "bincode";
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Encode<T> for Bincode {
    const CHECKS: bool = true;

    fn shape() -> Option<Value> {
        shape::of::<T>()
    }

    fn encode(&mut self, item: T, out: &mut BytesMut) -> Result<(), EncodeError<T>> {
        self.write(&item, out).map_err(|error| EncodeError {
            item: Some(item),
            error,
        })
    }

    #[inline]
    fn check(&mut self, item: &T) -> Result<(), FormatError> {
        let structure = Structure::new::<Self, T>(&self.known);
        let checked = Checked::new(item, Positional(&structure)).serialize(Sink::NEEDS_LEN);
        if checked.is_ok() && !structure.is_fresh() {
            return Ok(());
        }
        drop(structure);
        // Serialises the item again to find the reason for the rejection, or to check it.
        self.write(item, &mut BytesMut::new())
    }
}

impl Bincode {
    /// Appends an item and, if necessary, verifies it by decoding it.
    fn write<T: Serialize + DeserializeOwned>(
        &mut self,
        item: &T,
        out: &mut BytesMut,
    ) -> Result<(), FormatError> {
        let start = out.len();
        let structure = Structure::new::<Self, T>(&self.known);
        delimited::encode(out, |out| {
            let item = Checked::new(item, Positional(&structure));
            let config = bincode::config::standard();
            bincode::serde::encode_into_writer(&item, Append(out), config)
                .map_err(|error| Refusal(structure.refusal().unwrap_or_else(|| unwritten(error))))
        })?;
        if !structure.is_fresh() {
            return Ok(());
        }
        let fresh = structure.into_fresh();
        let content = out.get(start + delimited::PREFIX..).unwrap_or_default();
        verify(&mut self.known, &fresh, content, |again| {
            let (item, read): (T, _) = read(ItemLimits::NONE, content)?;
            if read < content.len() {
                return Err(delimited::left_over(read, content.len()));
            }
            bincode::serde::encode_into_writer(&item, Append(again), bincode::config::standard())
                .map_err(unwritten)
        })
        .map_err(delimited::not_read_back)
    }
}

/// Reads the content of a record and returns its length.
fn read<T: DeserializeOwned>(limits: ItemLimits, content: &[u8]) -> Result<(T, usize), String> {
    let guard = Guard::new(limits, content.len());
    let config = bincode::config::standard();
    bincode::serde::seed_decode_from_slice(guard.seed(), content, config)
        .map_err(|error| guard.refusal().unwrap_or_else(|| unread(error)))
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
        delimited::decode(input, |content| read(self.limits, content).map_err(Refusal))
    }
}

// bincode's messages are the `Debug` output of its types.

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
            "the type needs to know the next value, which a positional format hides".to_owned()
        }
        error => format!("bincode: {error:?}"),
    }
}
