//! Values without a plain form in a format.

// The generated values are rare in practice.
#![allow(clippy::option_option)]

use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::BytesMut;
use pipewright::format::{Bincode, Decode, Decoded, Encode, Json, MessagePack, Postcard};
use serde::{Deserialize, Serialize};
use serde_json::Value;

fn through<F, T>(item: T) -> Result<T, String>
where
    F: Encode<T> + Decode<T>,
    T: Debug,
{
    let mut bytes = BytesMut::new();
    let written = F::default().encode(item, &mut bytes);
    written.map_err(|error| error.error.to_string())?;
    match F::default().decode(&bytes, true).unwrap() {
        Decoded::Item { item, .. } => Ok(item),
        other => panic!("{other:?}"),
    }
}

#[test]
fn null_within_options_has_a_form_of_its_own() {
    let mut bytes = BytesMut::new();
    Json::default()
        .encode(Some(Some(None::<u8>)), &mut bytes)
        .unwrap();
    assert_eq!(bytes, "{\"$pipewright.some\":2}\n");
    bytes.clear();
    MessagePack::default().encode(Some(()), &mut bytes).unwrap();
    assert_eq!(&bytes[..], b"\0\0\0\x08\xc7\x05\x73some\x01");
    assert_eq!(through::<Json, _>(Some(Value::Null)), Ok(Some(Value::Null)));
    let payload = Some(pipewright::Payload::null());
    assert_eq!(through::<Json, _>(payload.clone()), Ok(payload));
}

#[test]
fn a_mark_is_read_however_it_is_written() {
    let read = |text: &str| Json::default().decode(text.as_bytes(), true);
    let item = |item: Option<Option<u8>>, len| Decoded::Item { item, len };
    let spaced = r#"{ "$pipewright.some" : 1 }"#;
    assert_eq!(read(spaced).unwrap(), item(Some(None), spaced.len()));
    for wrong in [
        r#"{"$pipewright.some":0}"#,
        r#"{"$pipewright.some":256}"#,
        r#"{"$pipewright.some":1,"more":2}"#,
        r#"{"$pipewright.some":3}"#,
    ] {
        let read: Result<Decoded<Option<Option<u8>>>, _> = read(wrong);
        assert!(read.is_err(), "{wrong}: {read:?}");
    }
}

/// A mark enables the deserialiser that checks every option.
#[test]
fn a_mark_does_not_lift_the_limit_of_nesting() {
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)]
    struct Node {
        next: Option<Box<Node>>,
        mark: Option<Option<u8>>,
    }
    let depth = 10_000;
    let line = [
        "{\"next\":".repeat(depth),
        "{\"mark\":{\"$pipewright.some\":1}}".to_owned(),
        "}".repeat(depth),
    ]
    .concat();
    let read: Result<Decoded<Node>, _> = Json::default().decode(line.as_bytes(), true);
    assert!(read.unwrap_err().to_string().contains("max_nesting"));
}

#[test]
fn json_refuses_what_it_has_no_word_for() {
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = through::<Json, _>(vec![float]).unwrap_err();
        assert!(error.contains("is not a JSON number"), "{error}");
        assert!(through::<MessagePack, _>(vec![float]).is_ok());
        assert!(through::<Bincode, _>(vec![float]).is_ok());
    }
    assert!(through::<Json, _>(f32::NAN).is_err());
    assert!(through::<Json, _>(BTreeMap::from([((1, 2), 3)])).is_err());
    let reserved = BTreeMap::from([("$pipewright.some", 1)]);
    let error = Json::default().encode(reserved, &mut BytesMut::new());
    assert!(error.unwrap_err().error.to_string().contains("reserved"));
}

#[test]
fn positional_formats_name_the_field_that_was_left_out() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Sparse {
        #[serde(skip_serializing_if = "Option::is_none")]
        a: Option<u8>,
        b: u8,
    }
    let whole = Sparse { a: Some(1), b: 2 };
    let sparse = Sparse { a: None, b: 1 };
    assert_eq!(through::<Bincode, _>(whole.clone()), Ok(whole.clone()));
    assert_eq!(through::<Postcard, _>(whole.clone()), Ok(whole));
    for error in [
        through::<Bincode, _>(sparse.clone()),
        through::<Postcard, _>(sparse.clone()),
    ] {
        let error = error.unwrap_err();
        assert!(error.contains("the field `a` is left out"), "{error}");
    }
    assert_eq!(through::<Json, _>(sparse.clone()), Ok(sparse));
}

/// Imitates `serde_json::Number` with `arbitrary_precision`, which any crate may enable.
struct Digits(&'static str);

impl Serialize for Digits {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        const NAME: &str = "$serde_json::private::Number";
        let mut number = to.serialize_struct(NAME, 1)?;
        number.serialize_field(NAME, self.0)?;
        number.end()
    }
}

#[test]
fn messagepack_writes_digits_as_numbers() {
    let written = |digits| {
        let mut bytes = BytesMut::new();
        let written = MessagePack::default().encode(Digits(digits), &mut bytes);
        written
            .map(|()| bytes[4..].to_vec())
            .map_err(|error| error.error.to_string())
    };
    assert_eq!(written("7"), Ok(vec![7]));
    assert_eq!(written("-1"), Ok(vec![0xff]));
    let float = [&[0xcb][..], &1.5e300_f64.to_be_bytes()].concat();
    assert_eq!(written("1.50e300"), Ok(float));
    for lost in ["18446744073709551617", "1e400", "0.1234567890123456789"] {
        let error = written(lost).unwrap_err();
        assert!(error.contains(lost), "{error}");
    }
}

#[test]
fn messagepack_refuses_json_text() {
    let error = through::<MessagePack, _>(pipewright::Payload::null()).unwrap_err();
    assert!(error.contains("JSON text"), "{error}");
}

#[test]
fn json_text_keeps_its_value_on_one_line() {
    let pretty: pipewright::Payload = serde_json::from_str("{\r\n\"a\\n\": [\n1]\n}").unwrap();
    let mut bytes = BytesMut::new();
    Json::default().encode(pretty, &mut bytes).unwrap();
    assert_eq!(bytes, "{\"a\\n\": [1]}\n");
}
