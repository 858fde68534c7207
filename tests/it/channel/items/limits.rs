//! Limits that protect a receiver from a hostile writer.

use bytes::BytesMut;
use pipewright::format::{
    Bincode, Decode, Decoded, Encode, EncodeError, Format, FormatError, ItemLimits, Json,
};
use pipewright::{Channel, ReceiveError};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::raw::{Ending, drain, header, written};
use crate::support::{House, over_both};

const CLOSE: Ending = Ending::Close(Some(1000));

fn limits(max_bytes: usize) -> ItemLimits {
    ItemLimits::DEFAULT.max_bytes(max_bytes)
}

/// The prefix states 4 GiB; only the bytes that arrived are held.
#[tokio::test]
async fn a_hostile_length_is_refused_before_anything_is_allocated() {
    let house = House::new().await;
    let frames = vec![Message::binary(vec![0xff; 10])];
    let mut receiver = written::<u32, Bincode>(&house, frames, CLOSE).await;
    let error = receiver.recv().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "item 0, at byte 0, has at least 4294967299 bytes, over the limit of 67108864; raise it \
         with `Receiver::limits(ItemLimits::DEFAULT.max_bytes(..))`"
    );
}

#[tokio::test]
async fn a_line_without_end_is_refused_at_the_limit() {
    let house = House::new().await;
    let frames = vec![Message::binary(vec![b'1'; 60_000]); 5];
    let receiver = written::<u32, Json>(&house, frames, CLOSE).await;
    let error = drain(&mut receiver.limits(limits(100_000))).await.1;
    let Err(ReceiveError::TooLong { len, limit, .. }) = error else {
        panic!("{error:?}");
    };
    // No more frames are read than necessary.
    assert!(len <= 100_000 + 60_001, "{len}");
    assert_eq!(limit, 100_000);
}

/// The limit applies to the item, however it is split into frames.
#[tokio::test]
async fn the_limit_holds_for_items_that_arrived_whole() {
    over_both(async |house| {
        let channel: Channel<String> = house.worker.channel(None).await.unwrap();
        let (mut sender, receiver) = (channel.sender, channel.receiver);
        // With quotes and line end, 10 and 11 bytes.
        for len in [7, 8] {
            sender.send("x".repeat(len)).await.unwrap();
        }
        sender.flush().await.unwrap();
        let mut receiver = receiver.limits(limits(10));
        assert!(receiver.recv().await.unwrap().is_some());
        let error = receiver.recv().await.unwrap_err();
        assert!(
            error.to_string().starts_with(
                "item 1, at byte 10, has at least 11 bytes, over the limit of 10; raise it"
            ),
            "{error}"
        );
    })
    .await;
}

/// Found by the fuzz target `decoders`: in one frame these bytes were skipped, in two they were too
/// long.
#[tokio::test]
async fn the_limit_holds_for_what_is_no_item() {
    let house = House::new().await;
    for line in ["not json\n", "        \n"] {
        for frames in [vec![line], vec![&line[..6], &line[6..]]] {
            let frames = frames.into_iter().map(Message::binary).collect();
            let receiver = written::<u32, Json>(&house, frames, CLOSE).await;
            let mut receiver = receiver.limits(limits(5)).go_on_after_bad_items();
            let error = receiver.recv().await.unwrap_err();
            assert!(matches!(error, ReceiveError::TooLong { .. }), "{error}");
        }
    }
}

#[tokio::test]
async fn nesting() {
    let house = House::new().await;
    for (depth, limit, fits) in [(127, 128, true), (200, 128, false), (20, 10, false)] {
        let text = format!("{}{}\n", "[".repeat(depth), "]".repeat(depth));
        let frames = vec![header(&json!({"format": "ndjson"})), Message::binary(text)];
        let receiver = written::<Value, Json>(&house, frames, CLOSE).await;
        let mut receiver = receiver.limits(ItemLimits::DEFAULT.max_nesting(limit));
        match receiver.recv().await {
            Ok(Some(_)) => assert!(fits, "{depth} of {limit}"),
            Err(ReceiveError::Item(bad)) => {
                assert!(!fits, "{depth} of {limit}");
                assert!(bad.reason.contains(&limit.to_string()), "{bad}");
                assert!(bad.reason.contains("max_nesting"), "{bad}");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A format that violates its contract: it consumes nothing, or more than there is.
#[derive(Default)]
struct Broken<const TAKEN: usize>;

impl<const TAKEN: usize> Format for Broken<TAKEN> {
    const NAME: &'static str = "broken";
}

impl<const TAKEN: usize> Encode<()> for Broken<TAKEN> {
    fn encode(&mut self, (): (), out: &mut BytesMut) -> Result<(), EncodeError<()>> {
        out.extend_from_slice(b"item");
        Ok(())
    }
}

impl<const TAKEN: usize> Decode<()> for Broken<TAKEN> {
    fn decode(&mut self, _: &[u8], _: bool) -> Result<Decoded<()>, FormatError> {
        Ok(Decoded::Item {
            item: (),
            len: TAKEN,
        })
    }
}

async fn broken<const TAKEN: usize>(house: &House) -> String {
    let channel: Channel<(), Broken<TAKEN>> = house.worker.channel(None).await.unwrap();
    let (mut sender, mut receiver) = (channel.sender, channel.receiver);
    sender.send(()).await.unwrap();
    receiver.recv().await.unwrap_err().to_string()
}

#[tokio::test]
async fn broken_format_contract_is_an_error() {
    over_both(async |house| {
        let text = broken::<0>(&house).await;
        let error = "item 0, at byte 0, cannot be read: the format took 0 of 4 bytes";
        assert_eq!(text, error);
        assert!(broken::<5>(&house).await.ends_with("took 5 of 4 bytes"));
    })
    .await;
}
