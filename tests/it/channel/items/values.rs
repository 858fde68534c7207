//! User code that runs while an item is written or read.

use std::panic::AssertUnwindSafe;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use futures::{FutureExt, StreamExt};
use pipewright::Channel;
use pipewright::format::{Bincode, Compression, Decode, Encode, Json, MessagePack, Postcard};
use serde::{Deserialize, Serialize};

use crate::support::{House, over_both, within};

#[derive(Clone, Debug, PartialEq)]
struct Touchy(u32);

impl Serialize for Touchy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTuple;
        let mut tuple = serializer.serialize_tuple(2)?;
        tuple.serialize_element(&self.0)?;
        assert_ne!(self.0, 3, "this one cannot be written");
        tuple.serialize_element(&0_u8)?;
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for Touchy {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <(u32, u8)>::deserialize(deserializer).map(|(number, _)| Self(number))
    }
}

/// Sends an item that panics while it is written, between others. Returns what arrives.
async fn around_a_panic<F>(house: &House, compression: Option<Compression>) -> Vec<Touchy>
where
    F: Encode<Touchy> + Decode<Touchy>,
{
    let channel: Channel<Touchy, F> = house.worker.channel(None).await.unwrap();
    let mut sender = match compression {
        Some(compression) => channel.sender.compressed(compression),
        None => channel.sender,
    };
    for number in 1..=4 {
        let sending = AssertUnwindSafe(sender.send(Touchy(number)));
        assert_eq!(sending.catch_unwind().await.is_err(), number == 3);
    }
    within(sender.close()).await.unwrap();
    let items = within(channel.receiver.collect::<Vec<_>>()).await;
    items.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn an_item_that_panics_while_it_is_written_leaves_nothing() {
    over_both(async |house| {
        for compression in [None, Some(Compression::ZSTD)] {
            let all = [
                around_a_panic::<Json>(&house, compression).await,
                around_a_panic::<Bincode>(&house, compression).await,
                around_a_panic::<MessagePack>(&house, compression).await,
                around_a_panic::<Postcard>(&house, compression).await,
            ];
            for items in all {
                assert_eq!(items, [Touchy(1), Touchy(2), Touchy(4)]);
            }
        }
    })
    .await;
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
struct Coded(char);

impl From<String> for Coded {
    fn from(text: String) -> Self {
        Self(
            text.chars()
                .nth(3)
                .expect("a code of this test has four letters"),
        )
    }
}

impl From<Coded> for String {
    fn from(coded: Coded) -> Self {
        format!("abc{}", coded.0)
    }
}

/// From now on, counts panics with this text.
fn panics_with(text: &'static str) -> &'static AtomicU64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if panic.to_string().contains(text) {
                COUNT.fetch_add(1, SeqCst);
            }
            before(panic);
        }));
    });
    &COUNT
}

#[tokio::test]
async fn a_type_is_read_only_from_what_was_sent() {
    type Item = (u8, Coded, Vec<Coded>, Option<Coded>, (Coded, u8));
    let panics = panics_with("a code of this test has four letters");
    let house = House::new().await;
    let channel: Channel<Item, Bincode> = house.worker.channel(None).await.unwrap();
    let (mut sender, mut receiver) = (channel.sender, channel.receiver);
    let item = (1, Coded('d'), vec![Coded('e')], None, (Coded('f'), 2));
    sender.send(item.clone()).await.unwrap();
    assert_eq!(within(receiver.recv()).await.unwrap(), Some(item));
    assert_eq!(panics.load(SeqCst), 0, "panics");
}
