//! Uses a format like a sender and a receiver do, without a channel.

use bytes::{Buf, BytesMut};
use pipewright::format::{Decode, Decoded, Encode, FormatError};

/// The encoded stream of `items`.
pub(crate) fn encode<F: Encode<T>, T: Clone>(items: &[T]) -> BytesMut {
    let mut format = F::default();
    let mut bytes = BytesMut::new();
    for item in items {
        if let Err(error) = format.encode(item.clone(), &mut bytes) {
            panic!("{}", error.error);
        }
    }
    bytes
}

/// What a receiver gets from a stream that arrives in `pieces`: the items, and the error if any.
pub(crate) fn decode<F: Decode<T>, T>(
    pieces: &[&[u8]],
    at_end: bool,
) -> (Vec<T>, Result<usize, FormatError>) {
    let mut format = F::default();
    let mut buffer = BytesMut::new();
    let mut items = Vec::new();
    for number in 0..=pieces.len() {
        let last = number == pieces.len();
        if let Some(piece) = pieces.get(number) {
            buffer.extend_from_slice(piece);
        }
        loop {
            match format.decode(&buffer, last && at_end) {
                Ok(Decoded::Item { item, len }) => {
                    assert!(len >= 1 && len <= buffer.len(), "an item of {len} bytes");
                    buffer.advance(len);
                    items.push(item);
                }
                Ok(Decoded::Skip(len)) => {
                    assert!(len >= 1 && len <= buffer.len(), "{len} bytes to skip");
                    buffer.advance(len);
                }
                Ok(Decoded::More(len)) => {
                    assert!(len > buffer.len(), "all {len} bytes are there");
                    break;
                }
                Ok(Decoded::Nothing) => {
                    assert!(buffer.is_empty(), "nothing in {buffer:?}");
                    break;
                }
                Err(error) => return (items, Err(error)),
            }
        }
    }
    (items, Ok(buffer.len()))
}

/// Decodes a stream that arrives in one piece.
pub(crate) fn decode_all<F: Decode<T>, T>(bytes: &[u8]) -> Vec<T> {
    let (items, end) = decode::<F, T>(&[bytes], true);
    assert_eq!(end.expect("the stream is whole"), 0);
    items
}

/// The message of the first error.
pub(crate) fn refusal<F: Decode<T>, T>(bytes: &[u8]) -> String {
    match decode::<F, T>(&[bytes], true).1 {
        Ok(left) => panic!("no error, {left} bytes left"),
        Err(error) => error.to_string(),
    }
}
