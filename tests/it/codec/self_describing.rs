//! Self-describing formats tolerate additional and missing fields.

#[cfg(feature = "messagepack")]
use pipewright::format::MessagePack;
use pipewright::format::{Decode, Encode, Json};
use serde::{Deserialize, Serialize};

use super::pieces::{decode_all, encode};

#[derive(Clone, Serialize, Deserialize)]
struct New {
    added: Vec<Option<String>>,
    name: String,
    id: u64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Old {
    id: u64,
    name: String,
    #[serde(default)]
    dropped: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    Number(u64),
    Text(String),
}

fn check<F>()
where
    F: Encode<New> + Decode<Old> + Encode<Either> + Decode<Either>,
{
    let new = New {
        added: vec![None, Some("x".to_owned())],
        name: "n".to_owned(),
        id: 7,
    };
    let old = Old {
        id: 7,
        name: "n".to_owned(),
        dropped: 0,
    };
    assert_eq!(decode_all::<F, Old>(&encode::<F, New>(&[new])), [old]);

    let items = [Either::Number(1), Either::Text("a".to_owned())];
    assert_eq!(decode_all::<F, Either>(&encode::<F, _>(&items)), items);
    assert_eq!(<F as Encode<New>>::shape(), None);
}

#[test]
fn json() {
    check::<Json>();
}

#[cfg(feature = "messagepack")]
#[test]
fn messagepack() {
    check::<MessagePack>();
}
