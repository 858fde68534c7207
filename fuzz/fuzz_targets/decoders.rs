//! Items in every format from any writer: the items do not depend on the frames, take bounded
//! memory, and are unchanged when they are sent again.
//!
//! The first byte selects format and item type, the second the limits, three more where the stream
//! is cut.

#![no_main]

use std::alloc::System;
use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::{Bytes, BytesMut};
use cap::Cap;
use libfuzzer_sys::fuzz_target;
use pipewright::format::{
    Bincode, Decode, Decoded, Encode, ItemLimits, Json, Lines, MessagePack, Postcard, Raw,
};
use pipewright::{ReceiveError, Receiver};
use pipewright_fuzz::{run, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Inputs have some kilobytes; the decoded items may be a few hundred times larger.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, 64 << 20);

/// An item with fields of every kind.
#[derive(Debug, Serialize, Deserialize)]
struct Node {
    name: String,
    size: Option<i64>,
    share: f64,
    kind: Kind,
    tags: BTreeMap<String, u8>,
    children: Vec<Node>,
}

#[derive(Debug, Serialize, Deserialize)]
enum Kind {
    Plain,
    Letter(char),
    Pair(u16, bool),
    Blob { bytes: Vec<u8> },
}

fuzz_target!(|data: &[u8]| {
    let [choice, limits, a, b, c, bytes @ ..] = data else {
        return;
    };
    let input = Input {
        bytes,
        lengths: [*a, *b, *c],
        limits: ItemLimits::DEFAULT
            .max_bytes(usize::from(*limits) * 16 + 1)
            .max_nesting(usize::from(*limits) % 32),
        goes_on: choice & 0x80 != 0,
    };
    match choice % 9 {
        0 => input.check::<Node, Json>(),
        1 => input.check::<Value, Json>(),
        2 => input.check::<Node, Bincode>(),
        3 => input.check::<Node, MessagePack>(),
        4 => input.check::<Value, MessagePack>(),
        5 => input.check::<Node, Postcard>(),
        6 => input.check::<(u64, i32, Option<u8>), Bincode>(),
        7 => input.check::<String, Lines>(),
        _ => input.check_raw(),
    }
});

struct Input<'a> {
    bytes: &'a [u8],
    lengths: [u8; 3],
    limits: ItemLimits,
    goes_on: bool,
}

impl Input<'_> {
    fn check<T, F>(&self)
    where
        T: Debug + Send + 'static,
        F: Decode<T> + Encode<T>,
    {
        let mut items = Vec::new();
        let whole = run(self.receive::<T, F>(&[], |item| items.push(item)));
        let cut = run(self.receive::<T, F>(&self.lengths, drop));
        assert_eq!(whole, cut, "what is received depends on the frames");
        for item in items {
            let shown = format!("{item:?}");
            let mut bytes = BytesMut::new();
            F::default()
                .encode(item, &mut bytes)
                .expect("what was received can be sent");
            match F::default().decode(&bytes, true) {
                Ok(Decoded::Item { item, len }) => {
                    assert_eq!((format!("{item:?}"), len), (shown, bytes.len()));
                }
                other => panic!("{shown}, sent on as {bytes:?}, is {other:?}"),
            }
        }
    }

    /// Bytes have no boundaries, so the whole output is compared.
    fn check_raw(&self) {
        let mut received = Vec::new();
        run(self.receive::<Bytes, Raw>(&self.lengths, |bytes| {
            received.extend_from_slice(&bytes);
        }));
        assert!(received == self.bytes);
    }

    /// The receiver's result in words.
    async fn receive<T, F>(&self, lengths: &[u8], mut keep: impl FnMut(T)) -> Vec<String>
    where
        T: Debug + Send + 'static,
        F: Decode<T>,
    {
        let header = format!(
            r#"{{"type":"metadata","pipewright":1,"format":"{}"}}"#,
            F::NAME
        );
        let mut receiver: Receiver<T, F> =
            Receiver::new(stream(&header, self.bytes, lengths)).limits(self.limits);
        if self.goes_on {
            receiver = receiver.go_on_after_bad_items();
        }
        let mut told = Vec::new();
        loop {
            let (word, over) = match receiver.recv().await {
                Ok(Some(item)) => {
                    let shown = format!("{item:?}");
                    keep(item);
                    (shown, false)
                }
                Ok(None) => ("the end".to_owned(), true),
                Err(ReceiveError::Item(bad)) => {
                    let word = format!("bad item {} at {}: {}", bad.number, bad.offset, bad.reason);
                    let over = told.last() == Some(&word);
                    (word, over)
                }
                // How much of the item is known depends on the frames.
                Err(ReceiveError::TooLong { number, offset, .. }) => {
                    (format!("item {number} at {offset} is too long"), true)
                }
                Err(error) => (error.to_string(), true),
            };
            told.push(word);
            if over {
                return told;
            }
        }
    }
}
