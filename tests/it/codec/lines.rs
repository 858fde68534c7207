//! Streams of lines from other programs.

use bytes::BytesMut;
use pipewright::format::{Encode, Json, Lines};
use serde::Deserialize;

use super::pieces::{decode, decode_all, encode, refusal};

#[test]
fn json_takes_crlf_blank_lines_and_no_last_line_end() {
    let stream = b"\r\n1\r\n\n  \t \n2\n\r\n 3 ";
    assert_eq!(decode_all::<Json, u8>(stream), [1, 2, 3]);
    let pieces: Vec<_> = stream.chunks(1).collect();
    let (items, end) = decode::<Json, u8>(&pieces, true);
    assert_eq!((&items[..], end.unwrap()), (&[1, 2, 3][..], 0));
    assert_eq!(decode_all::<Json, u8>(b"\n\n"), [0; 0]);
    assert_eq!(decode_all::<Json, u8>(b""), [0; 0]);
    // Blanks without a line end are skipped, too.
    assert_eq!(decode_all::<Json, u8>(b"1\n \t"), [1]);
}

#[test]
fn lines_take_crlf_and_no_last_line_end() {
    let stream = "one\r\n\nzwei é\n\r\nlast".as_bytes();
    let items = ["one", "", "zwei é", "", "last"];
    assert_eq!(decode_all::<Lines, String>(stream), items);
    let pieces: Vec<_> = stream.chunks(1).collect();
    let (got, end) = decode::<Lines, String>(&pieces, true);
    assert_eq!((&got[..], end.unwrap()), (&items.map(str::to_owned)[..], 0));
    // Within a line, a carriage return is an ordinary character.
    assert_eq!(decode_all::<Lines, String>(b"a\rb\nc\r"), ["a\rb", "c"]);
}

#[test]
fn invalid_line_is_refused_and_can_be_skipped() {
    let (items, end) = decode::<Lines, String>(&[b"a\nb\xff\nc\n"], true);
    let error = end.unwrap_err();
    assert_eq!(items, ["a"]);
    assert_eq!(error.skippable(), Some(3));
    assert_eq!(
        error.to_string(),
        "invalid utf-8 sequence of 1 bytes from index 1"
    );

    let mut bytes = BytesMut::new();
    let error = Lines::default()
        .encode("a\nb".to_owned(), &mut bytes)
        .unwrap_err();
    assert_eq!(error.item.as_deref(), Some("a\nb"));
    assert_eq!(
        error.error.to_string(),
        "a line must not contain a line end"
    );
    assert_eq!(bytes, "");
}

#[test]
fn json_skips_a_byte_order_mark_and_lines_keep_it() {
    let stream = "\u{feff}1\n2\n\u{feff}3";
    assert_eq!(decode_all::<Json, u8>(stream.as_bytes()), [1, 2, 3]);
    let items = ["\u{feff}1", "2", "\u{feff}3"];
    assert_eq!(decode_all::<Lines, String>(stream.as_bytes()), items);
}

/// Found by the fuzz target `decoders`: `\x01\x02\r\r\n` could be received but not sent.
#[test]
fn whatever_line_is_received_can_be_sent_on() {
    for (stream, item) in [
        (&b"\x01\x02\r\r\n"[..], "\x01\x02\r"),
        (b"\r\r\n", "\r"),
        (b"a\rb\n", "a\rb"),
    ] {
        assert_eq!(decode_all::<Lines, String>(stream), [item]);
        let mut bytes = BytesMut::new();
        Lines::default()
            .encode(item.to_owned(), &mut bytes)
            .unwrap();
        assert_eq!(bytes, stream);
    }
}

#[test]
fn json_says_what_is_wrong_with_a_line() {
    #[derive(Debug, Deserialize)]
    struct Line {
        #[expect(dead_code)]
        number: u8,
    }
    let (items, end) = decode::<Json, u8>(&[b"1\nx\n3\n"], true);
    let error = end.unwrap_err();
    assert_eq!(items, [1]);
    assert_eq!(error.skippable(), Some(2));
    assert_eq!(error.to_string(), "expected value at line 1 column 1");
    for (line, fault) in [
        (
            "300\n",
            "invalid value: integer `300`, expected u8 at line 1 column 3",
        ),
        (
            "\"a\"",
            "invalid type: string \"a\", expected u8 at line 1 column 3",
        ),
        ("1 2\n", "trailing characters at line 1 column 3"),
    ] {
        assert_eq!(refusal::<Json, u8>(line.as_bytes()), fault);
    }
    assert_eq!(
        refusal::<Json, Line>(b"{}\n"),
        "missing field `number` at line 1 column 2"
    );
    assert_eq!(
        refusal::<Json, Line>(b"{\"number\":1,\n"),
        "EOF while parsing a value at line 1 column 12"
    );
}

#[test]
fn floats_survive_json_bit_by_bit() {
    // Without its feature `float_roundtrip`, serde_json is off by the last bit here.
    let items = [0.1 + 0.2, 5e-324, f64::MAX, 31.245_270_191_439_438, -0.0];
    let got = decode_all::<Json, f64>(&encode::<Json, _>(&items));
    assert_eq!(got, items.map(f64::to_bits).map(f64::from_bits));
    assert!(got[4].is_sign_negative());
}
