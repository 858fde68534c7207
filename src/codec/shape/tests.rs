//! Shapes of types as people write them, and how differences read.

#![allow(dead_code)]

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{differences, of};

fn between<A: DeserializeOwned, B: DeserializeOwned>() -> Vec<String> {
    differences(&of::<A>().unwrap(), &of::<B>().unwrap())
}

#[derive(Deserialize)]
enum Kind {
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

    // The recursive variant first, and a way round through a second enum.
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
fn types_without_a_finite_value_have_no_shape() {
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
    assert_eq!(of::<Endless>(), None);
    assert_eq!(of::<Optional>(), None);
    assert_eq!(of::<Both>(), None);
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
        id: uuid::Bytes,
        wait: std::time::Duration,
    }
    let shape = of::<Checked>().unwrap();
    assert_eq!(shape["fields"][1], json!(["date", "string"]));
    assert_eq!(shape["fields"][2], json!(["count", "u32"]));

    struct Panics;
    impl<'de> Deserialize<'de> for Panics {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            assert!(text.len() > 1000, "a test of a type that panics");
            Ok(Self)
        }
    }
    assert_eq!(of::<Panics>(), None);
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

#[test]
fn names_of_types_and_newtypes_do_not_count() {
    #[derive(Deserialize)]
    struct Id(u64);
    #[derive(Deserialize)]
    struct A {
        id: Id,
    }
    #[derive(Deserialize)]
    struct B {
        id: u64,
    }
    assert_eq!(between::<A, B>(), [""; 0]);
    assert_eq!(between::<(u64, String), (Id, Box<str>)>(), [""; 0]);
}

#[test]
fn differences_are_told_field_by_field() {
    #[derive(Deserialize)]
    struct Inner {
        width: u32,
    }
    #[derive(Deserialize)]
    struct Old {
        id: u64,
        price: f64,
        name: String,
        inner: Vec<Inner>,
        removed: bool,
    }
    #[derive(Deserialize)]
    struct Wide {
        width: Option<u64>,
    }
    #[derive(Deserialize)]
    struct New {
        id: u64,
        price: String,
        title: String,
        inner: Vec<Wide>,
        stock: Vec<Option<[u8; 4]>>,
        qty: BTreeMap<String, Wide>,
    }
    assert_eq!(
        between::<Old, New>(),
        [
            "`price`: f64 in the stream, string here",
            "field 3 is `name` in the stream and `title` here",
            "`inner[].width`: u32 in the stream, option<u64> here",
            "`removed`: bool in the stream, missing here",
            "`stock`: missing in the stream, list<option<[u8; 4]>> here",
            "`qty`: missing in the stream, map<string, struct Wide> here",
        ]
    );
    assert_eq!(
        between::<u64, (u64, String)>(),
        ["the item: u64 in the stream, (u64, string) here"]
    );
    assert_eq!(
        between::<Old, Kind>(),
        ["the item: struct Old in the stream, enum Kind here"]
    );
}

#[test]
fn order_counts() {
    #[derive(Deserialize)]
    struct A {
        x: f64,
        y: f64,
        z: f64,
    }
    #[derive(Deserialize)]
    struct B {
        z: f64,
        x: f64,
        y: f64,
    }
    #[derive(Deserialize)]
    struct Outer<T> {
        at: T,
    }
    assert_eq!(
        between::<Outer<A>, Outer<B>>(),
        ["order of fields of `at`: x, y, z in the stream, z, x, y here"]
    );
}

#[test]
fn variants_are_told_like_fields() {
    #[derive(Deserialize)]
    enum Other {
        Plain,
        Length(u64),
        Pair(u8, u16),
        Boxed { width: u32, height: u64 },
        New,
    }
    #[derive(Deserialize)]
    struct Of<T> {
        kind: T,
    }
    assert_eq!(
        between::<Of<Kind>, Of<Other>>(),
        [
            "variant 2 of `kind` is `Size` in the stream and `Length` here",
            "`kind::Pair.1`: string in the stream, u16 here",
            "`kind::Boxed.height`: u32 in the stream, u64 here",
            "`kind::New`: missing in the stream, unit here",
        ]
    );
}

#[test]
fn recursive_types_are_compared_once() {
    mod old {
        #[derive(serde::Deserialize)]
        pub(super) struct Node {
            value: u8,
            next: Option<Box<Node>>,
        }
    }
    #[derive(Deserialize)]
    struct Node {
        value: u16,
        next: Option<Box<Node>>,
    }
    assert_eq!(
        between::<old::Node, Node>(),
        ["`value`: u8 in the stream, u16 here"]
    );
}

#[test]
fn a_hostile_schema_is_a_difference_and_no_harm() {
    #[derive(Deserialize)]
    struct Node {
        next: Option<Box<Node>>,
    }
    let here = of::<Node>().unwrap();
    let circle = json!({"newtype": "A", "of": {"ref": "A"}});
    assert_eq!(differences(&circle, &here).len(), 1);
    for strange in [
        json!(null),
        json!({"fields": 1}),
        json!({"struct": "Node", "fields": [["next"]]}),
        json!({"ref": "nowhere"}),
        json!({"array": "u8"}),
        json!({"map": []}),
    ] {
        assert_eq!(
            differences(&strange, &here),
            [format!(
                "the item: {} in the stream, struct Node here",
                if strange.get("struct").is_some() {
                    "struct Node"
                } else {
                    "a type that this version does not know"
                }
            )]
        );
    }

    // A chain of types as long as one likes, each of which looks like the one here.
    let mut types: Vec<Value> = (0..5000)
        .map(|n| json!({"struct": format!("T{n}"), "fields": [["next", {"option": {"ref": format!("T{}", n + 1)}}]]}))
        .collect();
    types.push(json!("u8"));
    let chain =
        json!({"struct": "T", "fields": [["next", {"option": {"ref": "T0"}}]], "types": types});
    assert!(differences(&chain, &here)[0].ends_with("nested too deep to compare"));

    let many: Vec<Value> = (0..100).map(|n| json!([format!("f{n}"), "u8"])).collect();
    let told = differences(&json!({"struct": "T", "fields": many}), &here);
    assert_eq!(told.len(), 13);
    assert_eq!(told[12], "and 89 more");

    let name = "x\n\u{1b}[31m".repeat(100);
    let told = differences(&json!(name), &json!("u8"));
    assert!(!told[0].contains('\n') && told[0].len() < 600, "{told:?}");
}
