use bytes::{BufMut, BytesMut};
use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed};
use serde_json::Value;

use super::bounded::{Guard, Refusal};
use super::checked::{Checked, Known, Positional, Sink, Structure, verify};
use super::{
    Decode, Decoded, Encode, EncodeError, Format, FormatError, ItemLimits, delimited, shape,
};

/// postcard 1. Each item is preceded by its length: 4 bytes, big-endian. Requires the feature
/// `postcard`.
///
/// The most compact format, with a specification that other languages implement. It is positional;
/// the notes on shapes and values of [`Bincode`](crate::format::Bincode) apply here as well.
///
/// # Example
///
/// ```
/// use bytes::BytesMut;
/// use pipewright::format::{Decode, Decoded, Encode, Postcard};
///
/// let mut bytes = BytesMut::new();
/// Postcard::default().encode((300_u16, "a".to_owned()), &mut bytes).unwrap();
/// assert_eq!(&bytes[..], [0, 0, 0, 4, 0xac, 0x02, 1, b'a']);
/// let decoded: Decoded<(u16, String)> = Postcard::default().decode(&bytes, false).unwrap();
/// assert_eq!(decoded, Decoded::Item { item: (300, "a".to_owned()), len: 8 });
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Postcard {
    limits: ItemLimits,
    known: Known,
}

impl Format for Postcard {
    const NAME: &'static str = "postcard";
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Encode<T> for Postcard {
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

impl Postcard {
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
            postcard::serialize_with_flavor(&item, Output(out))
                .map_err(|error| Refusal(structure.refusal().unwrap_or_else(|| in_words(&error))))
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
            postcard::serialize_with_flavor(&item, Output(again)).map_err(|error| in_words(&error))
        })
        .map_err(delimited::not_read_back)
    }
}

/// Reads the content of a record and returns its length.
fn read<T: DeserializeOwned>(limits: ItemLimits, content: &[u8]) -> Result<(T, usize), String> {
    let guard = Guard::new(limits, content.len());
    let mut deserializer = postcard::Deserializer::from_bytes(content);
    let result = guard.seed().deserialize(&mut deserializer);
    match result.and_then(|item| Ok((item, deserializer.finalize()?))) {
        Ok((item, rest)) => Ok((item, content.len() - rest.len())),
        Err(error) => Err(guard.refusal().unwrap_or_else(|| in_words(&error))),
    }
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> Decode<T> for Postcard {
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

/// The output of postcard.
struct Output<'a>(&'a mut BytesMut);

impl Flavor for Output<'_> {
    type Output = ();

    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.0.put_slice(data);
        Ok(())
    }

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.put_u8(byte);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Rephrases postcard's errors, which are worded in terms of buffers.
fn in_words(error: &postcard::Error) -> String {
    match error {
        postcard::Error::DeserializeUnexpectedEnd => delimited::SHORT.to_owned(),
        postcard::Error::DeserializeBadVarint => "a number does not end".to_owned(),
        postcard::Error::DeserializeBadBool => "a bool is neither 0 nor 1".to_owned(),
        postcard::Error::DeserializeBadOption => "an option is neither 0 nor 1".to_owned(),
        postcard::Error::DeserializeBadChar => "a char is not one".to_owned(),
        postcard::Error::DeserializeBadUtf8 => "a string is not UTF-8".to_owned(),
        postcard::Error::SerializeSeqLengthUnknown => {
            "a list does not know its length in advance".to_owned()
        }
        postcard::Error::SerdeSerCustom => "the type refuses to be serialised".to_owned(),
        postcard::Error::WontImplement => {
            "the type needs to know the next value, which a positional format hides".to_owned()
        }
        error => format!("postcard: {error}"),
    }
}
