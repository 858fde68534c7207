//! Ends that do not match fail when they connect, with readable errors.

use std::collections::BTreeMap;

use pipewright::format::{Bincode, Json, Lines};
use pipewright::{Channel, ReadError, ReceiveError, Receiver};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::raw::{Ending, drain, frames_of, header, written};
use crate::support::{House, over_both, within};

const CLOSE: Ending = Ending::Close(Some(1000));

#[derive(Debug, Serialize, Deserialize)]
struct Sold {
    price: f64,
    name: String,
    tags: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Ordered {
    price: String,
    title: String,
    tags: BTreeMap<String, u32>,
    count: Option<u8>,
}

/// The error of a receiver of `T` in format `F` for a stream written by a peer.
async fn refusal<T, F>(house: &House, frames: Vec<Message>) -> (ReceiveError, Receiver<T, F>)
where
    T: std::fmt::Debug,
    F: pipewright::format::Decode<T>,
{
    let mut receiver = written::<T, F>(house, frames, CLOSE).await;
    let error = drain(&mut receiver).await.1.unwrap_err();
    (error, receiver)
}

#[tokio::test]
async fn another_format() {
    let house = House::new().await;
    let (error, mut receiver) =
        refusal::<u32, Json>(&house, vec![header(&json!({"format": "bincode"}))]).await;
    assert!(error.is_mismatch());
    assert_eq!(
        error.to_string(),
        "the stream is in the format `bincode`, but this receiver reads `ndjson`"
    );
    let again = receiver.recv().await.unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
    let verdict = receiver.report().verdict.unwrap();
    assert!(!verdict.is_complete());
    let text = format!("{verdict:?}");
    assert!(text.contains("Refused"), "{text}");
}

#[tokio::test]
async fn another_shape_is_told_field_by_field() {
    over_both(async |house| {
        let channel: Channel<Sold, Bincode> = house.worker.channel(None).await.unwrap();
        let mut sender = channel.sender;
        let mut receiver: Receiver<Ordered, Bincode> =
            pipewright::ReaderRef::from(channel.reader_ref.into_inner()).open(house.address());
        let sold = Sold {
            price: 1.0,
            name: "a".into(),
            tags: vec![],
        };
        sender.send(sold).await.unwrap();
        let error = within(receiver.header()).await.unwrap_err();
        assert!(error.is_mismatch());
        assert_eq!(
            error.to_string(),
            "the items of the stream are not those of this receiver: \
             `price`: f64 in the stream, string here; \
             field 2 is `name` in the stream and `title` here; \
             `tags`: list<string> in the stream, map<string, u32> here; \
             `count`: missing in the stream, option<u8> here"
        );
        let ReceiveError::Shape { differences } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(differences.len(), 4);
        assert!(within(receiver.recv()).await.is_err());
        // The sender is notified that its reader has left.
        let gone = async {
            loop {
                let sold = Sold {
                    price: 1.0,
                    name: "b".into(),
                    tags: vec![],
                };
                if let Err(error) = sender.send(sold).await {
                    break error;
                }
                tokio::task::yield_now().await;
            }
        };
        let gone = within(gone).await;
        assert!(gone.is_receiver_gone() || !house.engine.is_pipewright());
    })
    .await;
}

/// The header is sufficient: no item is needed, and a message before it does no harm.
#[tokio::test]
async fn it_is_noticed_when_the_ends_connect() {
    over_both(async |house| {
        let channel: Channel<u32, Bincode> = house.worker.channel(None).await.unwrap();
        let mut sender = channel.sender;
        sender.flush().await.unwrap();
        let mut receiver: Receiver<u32> =
            pipewright::ReaderRef::from(channel.reader_ref.into_inner()).open(house.address());
        let error = within(receiver.recv()).await.unwrap_err();
        assert!(error.is_mismatch(), "{error}");
    })
    .await;

    let house = House::new().await;
    let frames = vec![
        Message::text("a message"),
        header(&json!({"format": "bincode"})),
        Message::binary(&b"1\n"[..]),
    ];
    let mut receiver = written::<u32, Json>(&house, frames, CLOSE).await;
    assert!(within(receiver.header()).await.unwrap().is_none());
    let error = within(receiver.recv()).await.unwrap_err();
    assert!(error.is_mismatch(), "{error}");
}

#[tokio::test]
async fn self_describing_formats_accept_what_serde_accepts() {
    let house = House::new().await;
    let items = vec![json!({"name": "a", "more": 1})];
    let frames = frames_of::<_, Json>(&house, items).await;

    #[derive(Debug, Deserialize)]
    struct Named {
        name: String,
    }
    let mut receiver = written::<Named, Json>(&house, frames, CLOSE).await;
    assert_eq!(receiver.recv().await.unwrap().unwrap().name, "a");
    assert!(receiver.recv().await.unwrap().is_none());
}

#[tokio::test]
async fn unknown_compression_is_an_error() {
    let house = House::new().await;
    let fields = json!({"format": "ndjson", "compression": "brotli"});
    let (error, _) = refusal::<u32, Json>(&house, vec![header(&fields)]).await;
    assert!(error.is_mismatch(), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the stream cannot be decompressed: compression `brotli` is not known here"
    );
}

#[tokio::test]
async fn a_newer_version_of_the_stream_protocol() {
    let house = House::new().await;
    let newer = json!({"type": "metadata", "pipewright": 2, "format": "ndjson"});
    let (error, _) = refusal::<u32, Json>(&house, vec![Message::text(newer.to_string())]).await;
    assert_eq!(
        error.to_string(),
        "the stream breaks the stream protocol: the stream speaks version 2 of the stream \
         protocol, this reader version 1"
    );
}

/// A stream of two lines with this end message.
fn with_end(end: &serde_json::Value) -> Vec<Message> {
    vec![
        header(&json!({"format": "lines"})),
        Message::binary(&b"one\ntwo\n"[..]),
        Message::text(end.to_string()),
    ]
}

#[tokio::test]
async fn totals_that_differ() {
    let house = House::new().await;
    let end = |bytes: u64, items: u64| json!({"type": "end", "pipewright": 1, "bytes": bytes, "items": items});
    for (bytes, items, text) in [
        (
            9,
            2,
            "the stream was cut short after 8 bytes: the writer sent 9 bytes",
        ),
        (
            7,
            2,
            "the stream is damaged: 8 bytes arrived, but the writer sent 7",
        ),
        (
            8,
            3,
            "the stream is damaged: 2 items arrived, but the writer sent 3",
        ),
    ] {
        let (error, receiver) =
            refusal::<String, Lines>(&house, with_end(&end(bytes, items))).await;
        assert_eq!(error.to_string(), text);
        assert!(!receiver.report().verdict.unwrap().is_complete());
    }
}

#[tokio::test]
async fn a_checksum_that_differs() {
    let house = House::new().await;
    let end = json!({"type": "end", "pipewright": 1, "bytes": 8, "crc32c": "00000001"});
    let (error, receiver) = refusal::<String, Lines>(&house, with_end(&end)).await;
    assert!(matches!(
        error,
        ReceiveError::Stream(ReadError::Corrupt { .. })
    ));
    assert_eq!(
        error.to_string(),
        "the stream is damaged: the checksum is not that of the bytes that were written"
    );
    assert!(!receiver.report().verdict.unwrap().is_complete());
}
