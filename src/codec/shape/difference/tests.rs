//! Checks the messages for differences between typical types.

// Types are declared next to the assertions about them, and never constructed.
#![allow(clippy::items_after_statements, clippy::unwrap_used, dead_code)]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::of;
use super::super::tests::{Kind, between};
use super::differences;

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

    // An arbitrarily long chain of types, each of which looks like the local one.
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
