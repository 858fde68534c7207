//! Hostile writers: lengths without content, and bottomless nesting.

use std::collections::HashMap;

#[cfg(feature = "messagepack")]
use pipewright::format::MessagePack;
#[cfg(feature = "postcard")]
use pipewright::format::Postcard;
use pipewright::format::{Bincode, Decode, Decoded, Encode, ItemLimits, Json};
use proptest::collection::vec;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::pieces::{decode, encode, refusal};
use super::sample::Sample;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tree {
    children: Vec<Tree>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Node {
    next: Option<Box<Node>>,
}

/// Nested trees: two levels each.
fn nest(depth: usize) -> Tree {
    (1..depth).fold(Tree::default(), |inner, _| Tree {
        children: vec![inner],
    })
}

/// A record: its length, then its content.
fn record(content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len()).unwrap();
    [&len.to_be_bytes(), content].concat()
}

const TOO_DEEP: &str = "the item is nested deeper than 128 levels, the limit `max_nesting`";

/// On a thread with the stack size of tokio's threads.
fn on_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    thread.spawn(test).unwrap().join().unwrap();
}

#[test]
fn json_is_not_nested_without_bound() {
    on_small_stack(|| {
        let open = r#"{"children":["#.repeat(100_000);
        assert_eq!(
            refusal::<Json, Tree>(open.as_bytes()),
            format!("{TOO_DEEP} at line 1 column 832")
        );
        within::<Json>();
    });
}

#[test]
fn bincode_is_not_nested_without_bound() {
    on_small_stack(|| {
        let ones = record(&vec![1; 1_000_000]);
        assert_eq!(refusal::<Bincode, Tree>(&ones), TOO_DEEP);
        assert_eq!(refusal::<Bincode, Node>(&ones), TOO_DEEP);
        within::<Bincode>();
    });
}

#[cfg(feature = "postcard")]
#[test]
fn postcard_is_not_nested_without_bound() {
    on_small_stack(|| {
        let ones = record(&vec![1; 1_000_000]);
        assert_eq!(refusal::<Postcard, Tree>(&ones), TOO_DEEP);
        assert_eq!(refusal::<Postcard, Node>(&ones), TOO_DEEP);
        within::<Postcard>();
    });
}

#[cfg(feature = "messagepack")]
#[test]
fn messagepack_is_not_nested_without_bound() {
    on_small_stack(|| {
        let open = b"\x81\xa8children\x91".repeat(100_000);
        assert_eq!(refusal::<MessagePack, Tree>(&record(&open)), TOO_DEEP);
        // Nor in a field that the reader does not know.
        let unknown = [b"\x82\xa1x".as_slice(), &vec![0x91; 1_000_000]].concat();
        assert_eq!(refusal::<MessagePack, Tree>(&record(&unknown)), TOO_DEEP);
        within::<MessagePack>();
    });
}

/// The limit is as documented, and can be set.
fn within<F: Encode<Tree> + Decode<Tree>>() {
    for (limits, depth, fits) in [
        (ItemLimits::DEFAULT, 63, true),
        (ItemLimits::DEFAULT, 65, false),
        (ItemLimits::DEFAULT.max_nesting(10), 5, true),
        (ItemLimits::DEFAULT.max_nesting(10), 6, false),
        (ItemLimits::DEFAULT.max_nesting(300), 150, true),
        (ItemLimits::DEFAULT.max_nesting(300), 151, false),
    ] {
        let item = nest(depth);
        let bytes = encode::<F, _>(std::slice::from_ref(&item));
        let mut format = F::default();
        format.set_limits(limits);
        match format.decode(&bytes, true) {
            Ok(decoded) => {
                assert!(fits, "{depth} levels");
                let len = bytes.len();
                assert_eq!(decoded, Decoded::Item { item, len });
            }
            Err(error) => {
                let levels = limits.max_nesting;
                let text = format!("the item is nested deeper than {levels} levels");
                assert!(!fits && error.to_string().starts_with(&text), "{error}");
                assert_eq!(error.skippable(), Some(bytes.len()));
            }
        }
    }
}

#[test]
fn length_without_data_allocates_nothing() {
    let mut format = Bincode::default();
    let decoded: Decoded<String> = format.decode(&[0xff; 4], false).unwrap();
    assert_eq!(decoded, Decoded::More(4 + 0xffff_ffff));
}

/// Lengths within a record, each of which would exhaust the memory if it were trusted.
#[test]
#[expect(clippy::zero_sized_map_values, reason = "their elements have no bytes")]
fn lengths_within_a_record_are_not_believed() {
    const SHORT: &str = "the record ends within the item";
    const LONG: &str = "a list of more than 65536 elements is too long for the item";
    let bincode = record(&[0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert_eq!(refusal::<Bincode, String>(&bincode), SHORT);
    assert_eq!(refusal::<Bincode, Vec<u64>>(&bincode), SHORT);
    // Without bytes, and so without an end.
    assert_eq!(refusal::<Bincode, Vec<()>>(&bincode), LONG);
    assert_eq!(refusal::<Bincode, HashMap<(), ()>>(&bincode), LONG);
    #[cfg(feature = "postcard")]
    {
        let postcard = record(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]);
        assert_eq!(refusal::<Postcard, String>(&postcard), SHORT);
        assert_eq!(refusal::<Postcard, Vec<u64>>(&postcard), SHORT);
        assert_eq!(refusal::<Postcard, Vec<()>>(&postcard), LONG);
    }
    #[cfg(feature = "messagepack")]
    {
        let text = record(b"\xdb\xff\xff\xff\xff");
        assert_eq!(refusal::<MessagePack, String>(&text), SHORT);
        let list = record(b"\xdd\xff\xff\xff\xff");
        assert_eq!(refusal::<MessagePack, Vec<u64>>(&list), SHORT);
    }
}

#[test]
fn what_is_wrong_with_a_record_is_said() {
    assert_eq!(
        refusal::<Bincode, u8>(&record(&[1, 2])),
        "the item ends after 1 of the 2 bytes of its record"
    );
    assert_eq!(refusal::<Bincode, bool>(&record(&[2])), "2 is not a bool");
    assert_eq!(
        refusal::<Bincode, String>(&record(&[1, 0xff])),
        "invalid utf-8 sequence of 1 bytes from index 0"
    );
    assert_eq!(
        refusal::<Bincode, Result<u8, u8>>(&record(&[7, 0])),
        "invalid value: integer `7`, expected `Ok` or `Err`"
    );
    #[cfg(feature = "postcard")]
    {
        assert_eq!(
            refusal::<Postcard, u8>(&record(&[1, 2])),
            "the item ends after 1 of the 2 bytes of its record"
        );
        // postcard itself drops the message of the type.
        assert_eq!(
            refusal::<Postcard, std::num::NonZeroU8>(&record(&[0])),
            "invalid value: integer `0`, expected a nonzero u8"
        );
        assert_eq!(
            refusal::<Postcard, String>(&record(&[1, 0xff])),
            "a string is not UTF-8"
        );
    }
    #[cfg(feature = "messagepack")]
    {
        assert_eq!(
            refusal::<MessagePack, u8>(&record(&[1, 2])),
            "the item ends after 1 of the 2 bytes of its record"
        );
        assert_eq!(
            refusal::<MessagePack, u8>(&record(b"\xa1a")),
            "a value is of another type: FixStr(1)"
        );
        assert_eq!(
            refusal::<MessagePack, Tree>(&record(b"\x80")),
            "missing field `children`"
        );
    }
}

proptest! {
    /// Arbitrary input results only in items and errors.
    #[test]
    fn no_bytes_are_too_strange(content in vec(any::<u8>(), 0..300)) {
        let framed = record(&content);
        for bytes in [&content, &framed] {
            let _ = decode::<Json, Sample>(&[bytes], true);
            let _ = decode::<Bincode, Sample>(&[bytes], true);
            let _ = decode::<Bincode, Tree>(&[bytes], true);
            #[cfg(feature = "postcard")]
            let _ = decode::<Postcard, Sample>(&[bytes], true);
            #[cfg(feature = "messagepack")]
            let _ = decode::<MessagePack, Sample>(&[bytes], true);
        }
    }
}
