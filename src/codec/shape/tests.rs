//! The shapes of typical types.

// Types are declared next to the assertions about them, and never constructed.
#![allow(clippy::items_after_statements, clippy::unwrap_used, dead_code)]

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{differences, of};

pub(super) fn between<A: DeserializeOwned, B: DeserializeOwned>() -> Vec<String> {
    differences(&of::<A>().unwrap(), &of::<B>().unwrap())
}

#[derive(Deserialize)]
pub(super) enum Kind {
    Plain,
    Size(u64),
    Pair(u8, String),
    Boxed { width: u32, height: u32 },
}

#[derive(Deserialize)]
struct Order {
    id: u64,
    price: f64,
    tags: Vec<String>,
    kinds: Vec<Option<Kind>>,
    stock: BTreeMap<String, u32>,
}

#[test]
fn a_schema_is_readable() {
    assert_eq!(
        of::<Order>().unwrap(),
        json!({
            "struct": "Order",
            "fields": [
                ["id", "u64"],
                ["price", "f64"],
                ["tags", {"list": "string"}],
                ["kinds", {"list": {"option": {
                    "enum": "Kind",
                    "variants": [
                        ["Plain", "unit"],
                        ["Size", "u64"],
                        ["Pair", {"tuple": ["u8", "string"]}],
                        ["Boxed", {"fields": [["width", "u32"], ["height", "u32"]]}],
                    ],
                }}}],
                ["stock", {"map": ["string", "u32"]}],
            ],
        })
    );
    assert_eq!(
        of::<(u8, [u16; 3])>().unwrap(),
        json!({"tuple": ["u8", {"array": "u16", "len": 3}]})
    );
}

#[test]
fn recursive_types_end() {
    #[derive(Deserialize)]
    struct Node {
        value: u8,
        next: Option<Box<Node>>,
        children: Vec<Node>,
        named: HashMap<String, Node>,
    }
    let node = json!({"ref": "Node"});
    assert_eq!(
        of::<Node>().unwrap(),
        json!({"struct": "Node", "fields": [
            ["value", "u8"],
            ["next", {"option": node}],
            ["children", {"list": node}],
            ["named", {"map": ["string", node]}],
        ]})
    );

    // The recursive variant first, and a cycle through a second enum.
    #[derive(Deserialize)]
    enum Expression {
        Add(Box<Expression>, Box<Expression>),
        Call { name: String, argument: Argument },
        Number(i64),
    }
    #[derive(Deserialize)]
    enum Argument {
        One(Box<Expression>),
        Both(Box<Argument>, Box<Expression>),
        Nothing,
    }
    let expression = json!({"ref": "Expression"});
    assert_eq!(
        of::<Expression>().unwrap(),
        json!({"enum": "Expression", "variants": [
            ["Add", {"array": expression, "len": 2}],
            ["Call", {"fields": [
                ["name", "string"],
                ["argument", {"enum": "Argument", "variants": [
                    ["One", expression],
                    ["Both", {"tuple": [{"ref": "Argument"}, expression]}],
                    ["Nothing", "unit"],
                ]}],
            ]}],
            ["Number", "i64"],
        ]})
    );
    assert_eq!(between::<Expression, Expression>(), [""; 0]);

    #[derive(Deserialize)]
    struct Tree(Vec<Tree>);
    assert_eq!(
        of::<Tree>().unwrap(),
        json!({"newtype": "Tree", "of": {"list": {"ref": "Tree"}}})
    );
}

#[test]
fn types_without_a_finite_value_are_found_out_in_bounds() {
    #[derive(Deserialize)]
    struct Endless(Box<Endless>);
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Optional(Option<Box<Optional>>);
    #[derive(Deserialize)]
    enum Both {
        A(Box<Both>),
        B(Box<Both>),
    }
    let endless = json!({"newtype": "Endless", "of": {"ref": "Endless"}});
    assert_eq!(of::<Endless>(), Some(endless));
    assert_eq!(of::<Optional>(), None);
    assert_eq!(between::<Both, Both>(), [""; 0]);
}

#[test]
fn types_that_ask_what_comes_have_no_shape() {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    #[derive(Deserialize)]
    struct Flat {
        #[serde(flatten)]
        rest: HashMap<String, u64>,
    }
    assert_eq!(of::<Either>(), None);
    assert_eq!(of::<Flat>(), None);
    assert_eq!(of::<Value>(), None);
}

#[test]
fn types_that_check_their_values_have_a_shape() {
    #[derive(Deserialize)]
    #[serde(try_from = "String")]
    struct Date(String);
    impl TryFrom<String> for Date {
        type Error = &'static str;
        fn try_from(text: String) -> Result<Self, Self::Error> {
            (text.len() == 10).then_some(Self(text)).ok_or("not a date")
        }
    }
    #[derive(Deserialize)]
    struct Checked {
        name: String,
        date: Date,
        count: NonZeroU32,
        host: std::net::SocketAddr,
        id: [u8; 16],
        wait: std::time::Duration,
    }
    let shape = of::<Checked>().unwrap();
    assert_eq!(shape["fields"][1], json!(["date", "string"]));
    assert_eq!(shape["fields"][2], json!(["count", "u32"]));

    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    struct Panics;
    impl<'de> Deserialize<'de> for Panics {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            assert!(text.len() > 1000, "a test of a type that panics");
            Ok(Self)
        }
    }
    assert_eq!(of::<Panics>(), Some(json!("string")));

    #[derive(Deserialize)]
    #[serde(from = "Raw")]
    struct Converted;
    #[derive(Deserialize)]
    struct Raw {
        text: Panics,
        size: u8,
    }
    impl From<Raw> for Converted {
        fn from(_: Raw) -> Self {
            panic!("a test of a type that panics")
        }
    }
    #[derive(Deserialize)]
    struct Around {
        pair: (Box<u8>, Vec<Panics>, Panics, u16),
        map: BTreeMap<Panics, u32>,
        converted: Converted,
        last: u64,
    }
    assert_eq!(
        of::<Around>().unwrap(),
        json!({"struct": "Around", "fields": [
            ["pair", {"tuple": ["u8", {"list": "string"}, "string", "unknown"]}],
            ["map", {"map": ["string", "u32"]}],
            ["converted", {"struct": "Raw", "fields": [["text", "string"], ["size", "u8"]]}],
            ["last", "u64"],
        ]})
    );
    assert_eq!(
        between::<(Panics, u8), (String, String)>(),
        [""; 0],
        "what is not known differs from nothing"
    );
}

#[test]
fn types_of_one_name_are_told_apart() {
    #[derive(Deserialize)]
    struct Pair<T> {
        one: T,
        other: T,
    }
    mod inner {
        #[derive(serde::Deserialize)]
        pub(super) struct Id {
            number: u8,
        }
    }
    #[derive(Deserialize)]
    struct Id {
        numbers: Pair<u8>,
        texts: Pair<String>,
        again: Pair<u8>,
        inner: inner::Id,
    }
    let shape = of::<Id>().unwrap();
    assert_eq!(shape["fields"][0][1]["struct"], "Pair");
    assert_eq!(shape["fields"][1][1]["struct"], "Pair#2");
    assert_eq!(shape["fields"][2][1], json!({"ref": "Pair"}));
    assert_eq!(shape["fields"][3][1]["struct"], "Id#2");
}

#[test]
fn aliases_make_names_uncertain_and_types_not() {
    #[derive(Deserialize)]
    struct Renamed {
        #[serde(alias = "z", alias = "a")]
        name: String,
        size: u8,
    }
    #[derive(Deserialize)]
    struct Before {
        name: String,
        size: u8,
    }
    #[derive(Deserialize)]
    struct Wider {
        name: String,
        size: u16,
    }
    #[derive(Deserialize)]
    enum Switch {
        #[serde(alias = "Yes", alias = "True")]
        On,
        Off(u8),
    }
    #[derive(Deserialize)]
    enum Lamp {
        On,
        Off(u8),
    }
    assert_eq!(between::<Renamed, Before>(), [""; 0]);
    assert_eq!(
        between::<Wider, Renamed>(),
        ["`size`: u16 in the stream, u8 here"]
    );
    assert_eq!(between::<Switch, Lamp>(), [""; 0]);
}
