use bytes::{Bytes, BytesMut};

use super::{Decode, Decoded, Encode, EncodeError, Format, FormatError};
use crate::wire::Header;

/// Unstructured bytes (`bytes`), without boundaries and items.
///
/// The receiver gets the same bytes in the same order, in pieces of any size. To preserve the
/// pieces, use [`LengthDelimitedCodec`](crate::format::TokioCodec#codecs-of-tokio-util).
///
/// # Example
///
/// ```
/// use bytes::{Bytes, BytesMut};
/// use pipewright::format::{Decode, Decoded, Encode, Raw};
///
/// let mut bytes = BytesMut::new();
/// Raw::default().encode(Bytes::from("ab"), &mut bytes).unwrap();
/// Raw::default().encode(Bytes::from("c"), &mut bytes).unwrap();
/// assert_eq!(&bytes[..], b"abc");
/// let decoded = Raw::default().decode(&bytes, false).unwrap();
/// assert_eq!(decoded, Decoded::Item { item: Bytes::from("abc"), len: 3 });
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Raw(());

impl Format for Raw {
    const NAME: &'static str = Header::BYTES;
    const KEEPS_ITEMS: bool = false;
}

#[diagnostic::do_not_recommend]
impl Encode<Bytes> for Raw {
    const CHECKS: bool = true;

    fn encode(&mut self, item: Bytes, out: &mut BytesMut) -> Result<(), EncodeError<Bytes>> {
        out.extend_from_slice(&item);
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl Decode<Bytes> for Raw {
    fn decode(&mut self, input: &[u8], _: bool) -> Result<Decoded<Bytes>, FormatError> {
        if input.is_empty() {
            return Ok(Decoded::Nothing);
        }
        Ok(Decoded::Item {
            item: Bytes::copy_from_slice(input),
            len: input.len(),
        })
    }
}
