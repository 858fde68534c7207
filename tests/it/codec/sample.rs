//! An item with fields of every kind.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    id: u64,
    small: i8,
    large: i128,
    price: f64,
    ratio: f32,
    flag: bool,
    letter: char,
    pub(crate) name: String,
    kind: Kind,
    kinds: Vec<Kind>,
    next: Option<Box<Sample>>,
    stock: BTreeMap<String, Option<i32>>,
    pair: (u16, String),
    array: [u8; 3],
    newtype: Newtype,
    unit: (),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Newtype(Vec<i64>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Plain,
    Size(u64),
    Pair(i16, String),
    Boxed { width: u32, depth: Option<i64> },
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Plain),
        any::<u64>().prop_map(Kind::Size),
        any::<(i16, String)>().prop_map(|(a, b)| Kind::Pair(a, b)),
        any::<(u32, Option<i64>)>().prop_map(|(width, depth)| Kind::Boxed { width, depth }),
    ]
}

/// An arbitrary sample. Floats are finite, because JSON has no others.
pub(crate) fn sample() -> impl Strategy<Value = Sample> {
    let scalars = (
        any::<(u64, i8, i128, bool, char, String)>(),
        proptest::num::f64::NORMAL,
        proptest::num::f32::NORMAL,
    );
    let rest = (
        kind(),
        vec(kind(), 0..4),
        btree_map(any::<String>(), any::<Option<i32>>(), 0..4),
        any::<((u16, String), [u8; 3], Vec<i64>)>(),
    );
    let flat = (scalars, rest).prop_map(|((first, price, ratio), rest)| {
        let (id, small, large, flag, letter, name) = first;
        let (kind, kinds, stock, (pair, array, newtype)) = rest;
        Sample {
            id,
            small,
            large,
            price,
            ratio,
            flag,
            letter,
            name,
            kind,
            kinds,
            next: None,
            stock,
            pair,
            array,
            newtype: Newtype(newtype),
            unit: (),
        }
    });
    vec(flat, 1..4).prop_map(|samples| {
        let nest = |inner: Option<Box<Sample>>, outer: Sample| {
            Some(Box::new(Sample {
                next: inner,
                ..outer
            }))
        };
        let nested = samples.into_iter().fold(None, nest);
        *nested.expect("there is one")
    })
}
