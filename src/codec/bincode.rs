use bytes::{BufMut, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Decode, Decoded, Encode, EncodeError, Format, FormatError, delimited, shape};

/// bincode 2 in its standard configuration, each item with its length before it: 4 bytes,
/// big-endian.
///
/// Compact and fast, for Rust on both ends. It is positional: bytes do not say which field they
/// belong to, so the header carries the item's shape and a receiver of another shape refuses the
/// stream.
///
/// The crate bincode is at rest: version 2.0.1 is the last that works, it gets no updates
/// (RUSTSEC-2025-0141), and pipewright pins it. For new formats on disk or between companies
/// prefer [`MessagePack`](crate::format::MessagePack) or [`Postcard`](crate::format::Postcard).
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
pub struct Bincode(());

impl Format for Bincode {
    const NAME: &'static str = "bincode";
}

impl<T: Serialize + DeserializeOwned> Encode<T> for Bincode {
    fn shape() -> Option<Value> {
        shape::of::<T>()
    }

    fn encode(&mut self, item: T, out: &mut BytesMut) -> Result<(), EncodeError<T>> {
        let config = bincode::config::standard();
        delimited::encode(out, |out| {
            bincode::serde::encode_into_std_write(&item, &mut out.writer(), config).map(|_| ())
        })
        .map_err(|error| EncodeError {
            item: Some(item),
            error,
        })
    }
}

impl<T: DeserializeOwned> Decode<T> for Bincode {
    fn shape() -> Option<Value> {
        shape::of::<T>()
    }

    fn decode(&mut self, input: &[u8], _: bool) -> Result<Decoded<T>, FormatError> {
        delimited::decode(input, |content| {
            bincode::serde::decode_from_slice(content, bincode::config::standard())
        })
    }
}
