//! Generated values: each is read as it was written, or its writer refuses it.

// The generated values are rare in practice.
#![allow(clippy::option_option, clippy::zero_sized_map_values)]

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use bytes::BytesMut;
use pipewright::format::{Bincode, Decode, Decoded, Encode, Json, MessagePack, Postcard};
use proptest::collection::{btree_map, hash_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Newtype(Option<Unit>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    deep: Option<Option<Option<u8>>>,
    flag: Option<()>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum External {
    Unit,
    Newtype(Option<i64>),
    Empty(Option<()>),
    Tuple(u8, String),
    Struct { inner: Inner, ratio: f32 },
    Again(Vec<External>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Internal {
    Unit,
    Newtype(Inner),
    Struct {
        size: Option<Option<u16>>,
        text: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "content")]
enum Adjacent {
    Unit,
    Newtype(Option<Unit>),
    Tuple(i8, char),
    Struct { inner: Inner },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    Text(String),
    List(Vec<bool>),
    Struct { inner: Inner },
}

/// Counts variants differently in its two directions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shifted {
    First,
    #[serde(skip)]
    #[allow(dead_code)]
    Gone,
    Second,
    Third(u8),
    Fourth,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Skipping {
    #[serde(skip)]
    never: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<u8>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    list: Vec<u16>,
    #[serde(default, skip_serializing)]
    unwritten: (),
    last: u16,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flattened {
    id: u8,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    rest: BTreeMap<String, Option<Option<i8>>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Scalars {
    large: i128,
    larger: u128,
    long: (u64, i64),
    float: f64,
    short: f32,
    letter: char,
    text: Cow<'static, str>,
    unit: (Unit, Newtype, Option<Newtype>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Maps {
    numbers: HashMap<i16, Option<Option<u8>>>,
    letters: BTreeMap<char, f32>,
    flags: BTreeMap<bool, ()>,
    perhaps: BTreeMap<Option<String>, u8>,
    pairs: BTreeMap<(u8, u8), Unit>,
    value: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Any {
    Scalars(Scalars),
    Maps(Maps),
    External(External),
    Internal(Internal),
    Adjacent(Option<Adjacent>),
    Untagged(Option<Untagged>),
    Shifted(Vec<Shifted>),
    Skipping(Skipping),
    Flattened(Flattened),
}

fn inner() -> impl Strategy<Value = Inner> {
    let deep = of(of(of(any::<u8>())));
    (deep, of(Just(()))).prop_map(|(deep, flag)| Inner { deep, flag })
}

fn unit() -> impl Strategy<Value = Option<Unit>> {
    of(Just(Unit))
}

fn external() -> impl Strategy<Value = External> {
    let leaf = prop_oneof![
        Just(External::Unit),
        of(any::<i64>()).prop_map(External::Newtype),
        of(Just(())).prop_map(External::Empty),
        (any::<u8>(), any::<String>()).prop_map(|(a, b)| External::Tuple(a, b)),
        (inner(), proptest::num::f32::ANY)
            .prop_map(|(inner, ratio)| External::Struct { inner, ratio }),
    ];
    leaf.prop_recursive(2, 6, 3, |leaf| vec(leaf, 0..3).prop_map(External::Again))
}

fn internal() -> impl Strategy<Value = Internal> {
    prop_oneof![
        Just(Internal::Unit),
        inner().prop_map(Internal::Newtype),
        (of(of(any::<u16>())), any::<String>())
            .prop_map(|(size, text)| Internal::Struct { size, text }),
    ]
}

fn adjacent() -> impl Strategy<Value = Adjacent> {
    prop_oneof![
        Just(Adjacent::Unit),
        unit().prop_map(Adjacent::Newtype),
        any::<(i8, char)>().prop_map(|(a, b)| Adjacent::Tuple(a, b)),
        inner().prop_map(|inner| Adjacent::Struct { inner }),
    ]
}

fn untagged() -> impl Strategy<Value = Untagged> {
    prop_oneof![
        any::<u64>().prop_map(Untagged::Number),
        any::<String>().prop_map(Untagged::Text),
        vec(any::<bool>(), 0..3).prop_map(Untagged::List),
        inner().prop_map(|inner| Untagged::Struct { inner }),
    ]
}

fn shifted() -> impl Strategy<Value = Shifted> {
    prop_oneof![
        Just(Shifted::First),
        Just(Shifted::Second),
        any::<u8>().prop_map(Shifted::Third),
        Just(Shifted::Fourth),
    ]
}

fn skipping() -> impl Strategy<Value = Skipping> {
    let list = vec(any::<u16>(), 0..3);
    (of(any::<u8>()), list, any::<u16>()).prop_map(|(first, list, last)| Skipping {
        never: 0,
        first,
        list,
        unwritten: (),
        last,
    })
}

fn flattened() -> impl Strategy<Value = Flattened> {
    let rest = btree_map("[x-z]{1,2}", of(of(any::<i8>())), 0..3);
    (any::<u8>(), rest, inner()).prop_map(|(id, rest, inner)| Flattened { id, inner, rest })
}

fn scalars() -> impl Strategy<Value = Scalars> {
    let floats = (proptest::num::f64::ANY, proptest::num::f32::ANY);
    let numbers = (any::<i128>(), any::<u128>(), any::<(u64, i64)>());
    let unit = (unit(), of(unit()));
    (numbers, floats, any::<(char, String)>(), unit).prop_map(
        |((large, larger, long), (float, short), (letter, text), (a, b))| Scalars {
            large,
            larger,
            long,
            float,
            short,
            letter,
            text: text.into(),
            unit: (Unit, Newtype(a), b.map(Newtype)),
        },
    )
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        proptest::num::f64::NORMAL.prop_map(Value::from),
        "[a-c$]{0,3}".prop_map(Value::from),
        Just(json!({"$pipewright.some": 1})),
    ];
    leaf.prop_recursive(2, 6, 3, |leaf| {
        prop_oneof![
            vec(leaf.clone(), 0..3).prop_map(Value::from),
            btree_map("[a-c]", leaf, 0..3).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn maps() -> impl Strategy<Value = Maps> {
    (
        hash_map(any::<i16>(), of(of(any::<u8>())), 0..2),
        btree_map(any::<char>(), proptest::num::f32::NORMAL, 0..2),
        btree_map(any::<bool>(), Just(()), 0..2),
        btree_map(
            proptest::option::weighted(0.95, any::<String>()),
            any::<u8>(),
            0..2,
        ),
        prop_oneof![
            9 => Just(BTreeMap::new()),
            1 => btree_map(any::<(u8, u8)>(), Just(Unit), 0..2),
        ],
        of(value()),
    )
        .prop_map(|(numbers, letters, flags, perhaps, pairs, value)| Maps {
            numbers,
            letters,
            flags,
            perhaps,
            pairs,
            value,
        })
}

fn anything() -> impl Strategy<Value = Any> {
    prop_oneof![
        scalars().prop_map(Any::Scalars),
        maps().prop_map(Any::Maps),
        external().prop_map(Any::External),
        internal().prop_map(Any::Internal),
        of(adjacent()).prop_map(Any::Adjacent),
        of(untagged()).prop_map(Any::Untagged),
        vec(shifted(), 0..3).prop_map(Any::Shifted),
        skipping().prop_map(Any::Skipping),
        flattened().prop_map(Any::Flattened),
    ]
}

/// Writes values one after the other and reads them back. Returns how many were refused.
fn kept<F, T>(values: Vec<T>) -> Result<usize, TestCaseError>
where
    F: Encode<T> + Decode<T>,
    T: Clone + Debug,
{
    let (mut format, mut checking, mut refused) = (F::default(), F::default(), 0);
    for value in values {
        // Compares as text, because NaN does not equal itself.
        let shown = format!("{value:?}");
        let mut bytes = BytesMut::new();
        let checked = checking.check(&value).map_err(|error| error.to_string());
        let written = format.encode(value, &mut bytes);
        let written = written.map_err(|error| error.error.to_string());
        prop_assert_eq!(&checked, &written, "{} of {}", F::NAME, shown);
        if written.is_err() {
            refused += 1;
            continue;
        }
        match F::default().decode(&bytes, true) {
            Ok(Decoded::Item { item, len }) => {
                prop_assert_eq!(format!("{item:?}"), shown, "{}", F::NAME);
                prop_assert_eq!(len, bytes.len());
            }
            other => {
                let other = format!("{other:?}");
                return Err(TestCaseError::fail(format!(
                    "{} gives {other} of {shown}, written as {bytes:?}",
                    F::NAME
                )));
            }
        }
    }
    Ok(refused)
}

fn kept_by_all<T>(values: &[T]) -> Result<(), TestCaseError>
where
    T: Clone + Debug + Serialize + serde::de::DeserializeOwned,
{
    kept::<Json, _>(values.to_vec())?;
    kept::<MessagePack, _>(values.to_vec())?;
    kept::<Bincode, _>(values.to_vec())?;
    kept::<Postcard, _>(values.to_vec())?;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_are_kept_or_refused(values in vec(anything(), 1..6)) {
        kept_by_all(&values)?;
    }

    #[test]
    fn nested_options_are_kept(values in vec(of(of(inner())), 1..6)) {
        for refused in [
            kept::<Json, _>(values.clone())?,
            kept::<MessagePack, _>(values.clone())?,
            kept::<Bincode, _>(values.clone())?,
            kept::<Postcard, _>(values)?,
        ] {
            prop_assert_eq!(refused, 0);
        }
    }

    #[test]
    fn each_tagging_is_kept_or_refused(
        external in vec(external(), 1..4),
        internal in vec(internal(), 1..4),
        adjacent in vec(of(adjacent()), 1..4),
        untagged in vec(of(untagged()), 1..4),
        shifted in vec(shifted(), 1..4),
        skipping in vec(skipping(), 1..4),
        flattened in vec(flattened(), 1..4),
    ) {
        kept_by_all(&external)?;
        kept_by_all(&internal)?;
        kept_by_all(&adjacent)?;
        kept_by_all(&untagged)?;
        kept_by_all(&shifted)?;
        kept_by_all(&skipping)?;
        kept_by_all(&flattened)?;
    }
}

#[test]
fn null_within_options_is_read_however_its_line_arrives() {
    let line = b"{\"$pipewright.some\":1}\n";
    let len = line.len();
    type Item = Option<Option<u8>>;
    for cut in 0..len {
        let mut json = Json::default();
        let first: Decoded<Item> = json.decode(&line[..cut], false).unwrap();
        assert_eq!(first, Decoded::More(cut + 1));
        let whole: Decoded<Item> = json.decode(line, false).unwrap();
        let item = Some(None);
        assert_eq!(whole, Decoded::Item { item, len }, "{cut}");
        let next: Decoded<Item> = json.decode(b"7\n", false).unwrap();
        let item = Some(Some(7));
        assert_eq!(next, Decoded::Item { item, len: 2 });
    }
}
