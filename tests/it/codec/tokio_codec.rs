//! Codecs of tokio-util as formats.

use std::io;

use bytes::{Bytes, BytesMut};
use pipewright::format::{Decode, Decoded, Encode, Format, NamedCodec, TokioCodec};
use tokio_util::codec::{BytesCodec, Decoder, LengthDelimitedCodec, LinesCodec};

use super::pieces::{decode, decode_all, encode, refusal};
use crate::support::chain;

#[test]
fn codecs_of_tokio_util_have_names() {
    assert_eq!(TokioCodec::<LinesCodec>::NAME, "lines");
    assert_eq!(TokioCodec::<LinesCodec>::ENCODING, Some("utf-8"));
    assert_eq!(TokioCodec::<LengthDelimitedCodec>::NAME, "length-delimited");
    assert_eq!(TokioCodec::<BytesCodec>::NAME, "bytes");
    const { assert!(!TokioCodec::<BytesCodec>::KEEPS_ITEMS) };
}

#[test]
fn bytes_arrive_in_any_pieces() {
    let bytes = encode::<TokioCodec<BytesCodec>, Bytes>(&["ab".into(), "c".into()]);
    assert_eq!(decode_all::<TokioCodec<BytesCodec>, Bytes>(&bytes), ["abc"]);
}

#[test]
fn an_error_of_the_codec_ends_the_stream() {
    let long = [0xff; 8];
    let (items, end) = decode::<TokioCodec<LengthDelimitedCodec>, BytesMut>(&[&long], false);
    let error = end.unwrap_err();
    assert!(items.is_empty());
    assert_eq!(error.to_string(), "frame size too big");
    assert_eq!(error.skippable(), None);

    let mut out = BytesMut::new();
    let item = Bytes::from(vec![0; 9 << 20]);
    let error = TokioCodec::<LengthDelimitedCodec>::default().encode(item, &mut out);
    let error = error.unwrap_err().error;
    assert_eq!(error.to_string(), "frame size too big");
    let explained = chain(&error);
    assert!(explained.contains("8388608 bytes"), "{explained}");
}

#[test]
fn a_last_line_without_its_end_is_an_item() {
    assert_eq!(
        decode_all::<TokioCodec<LinesCodec>, String>(b"a\r\n\nb"),
        ["a", "", "b"]
    );
}

/// Decimal numbers with comments. It returns two items for `2x`, which no codec should do.
#[derive(Default)]
struct Digits {
    again: bool,
}

impl NamedCodec for Digits {
    const NAME: &'static str = "digits";
}

impl Decoder for Digits {
    type Item = u8;
    type Error = io::Error;

    fn decode(&mut self, input: &mut BytesMut) -> io::Result<Option<u8>> {
        if std::mem::take(&mut self.again) {
            return Ok(Some(0));
        }
        loop {
            match input.first().copied() {
                Some(b'#') => drop(input.split_to(1)),
                Some(digit @ b'0'..=b'9') => {
                    drop(input.split_to(1));
                    self.again = input.first() == Some(&b'x');
                    return Ok(Some(digit - b'0'));
                }
                Some(_) => return Err(io::Error::other("not a digit")),
                None => return Ok(None),
            }
        }
    }
}

#[test]
fn bytes_without_an_item_are_counted_or_skipped() {
    type Format = TokioCodec<Digits>;
    let mut format = Format::default();
    let decoded: Decoded<u8> = format.decode(b"##", false).unwrap();
    assert_eq!(decoded, Decoded::More(3));
    let decoded: Decoded<u8> = format.decode(b"##7#", false).unwrap();
    assert_eq!(decoded, Decoded::Item { item: 7, len: 3 });
    let decoded: Decoded<u8> = format.decode(b"#", true).unwrap();
    assert_eq!(decoded, Decoded::Skip(1));
    let decoded: Decoded<u8> = format.decode(b"", true).unwrap();
    assert_eq!(decoded, Decoded::Nothing);

    assert_eq!(decode_all::<Format, u8>(b"1##2#3##"), [1, 2, 3]);
    let pieces: Vec<_> = b"1##2#3##".chunks(1).collect();
    assert_eq!(decode::<Format, u8>(&pieces, true).0, [1, 2, 3]);
    assert_eq!(refusal::<Format, u8>(b"1?"), "not a digit");
    assert_eq!(
        refusal::<Format, u8>(b"2x"),
        "the codec gave an item for no bytes"
    );
}
