//! Streams of writers without pipewright: no header, no end message.

use pipewright::format::{Bincode, Decode, Json, Lines};
use pipewright::{ReceiveError, Receiver, Verdict};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::raw::{Ending, drain, header, written};
use crate::support::House;

/// The payload of a foreign writer, in frames of `size` bytes, and a clean close.
async fn foreign<T, F: Decode<T>>(house: &House, payload: &[u8], size: usize) -> Receiver<T, F> {
    let frames = payload.chunks(size);
    let frames = frames
        .map(|frame| Message::binary(frame.to_vec()))
        .collect();
    written(house, frames, Ending::Close(Some(1000))).await
}

#[tokio::test]
async fn ndjson_as_others_write_it() {
    let house = House::new().await;
    for text in [
        "1\n2\n3\n",
        "1\n2\n3",
        "1\r\n2\r\n3\r\n",
        "1\r\n2\r\n3",
        "\n1\n\n \n2\n\t\n3\n\n",
        " 1\n2 \n  3  ",
    ] {
        for size in [1, 2, 3, 100] {
            let mut receiver = foreign::<u32, Json>(&house, text.as_bytes(), size).await;
            assert!(receiver.header().await.unwrap().is_none());
            let (items, end) = drain(&mut receiver).await;
            end.unwrap();
            assert_eq!(items, [1, 2, 3], "{text:?} in frames of {size}");
            let verdict = receiver.report().verdict.unwrap();
            assert!(
                matches!(verdict, Verdict::CompleteUnverified),
                "{verdict:?}"
            );
            assert_eq!(receiver.report().items, 3);
        }
    }
}

#[tokio::test]
async fn a_binary_format() {
    let house = House::new().await;
    let mut receiver =
        foreign::<(u8, u8), Bincode>(&house, &[0, 0, 0, 2, 1, 2, 0, 0, 0, 2, 3, 4], 5).await;
    let (items, end) = drain(&mut receiver).await;
    end.unwrap();
    assert_eq!(items, [(1, 2), (3, 4)]);
    let mut receiver =
        foreign::<(u8, u8), Bincode>(&house, &[0, 0, 0, 2, 1, 2, 0, 0, 0, 2, 3], 5).await;
    let (items, end) = drain(&mut receiver).await;
    assert_eq!(items, [(1, 2)]);
    assert_eq!(
        end.unwrap_err().to_string(),
        "item 1, at byte 6, cannot be read: the stream ends in the middle of the item"
    );
    assert!(!receiver.report().verdict.unwrap().is_complete());
}

/// A pipewright writer of bytes promises nothing about items.
#[tokio::test]
async fn a_stream_of_bytes_is_read_in_the_receivers_format() {
    let house = House::new().await;
    let frames = vec![
        header(&json!({"format": "bytes"})),
        Message::binary(&b"one\ntwo"[..]),
        Message::text(r#"{"type":"end","pipewright":1,"bytes":7,"items":0}"#),
    ];
    let mut receiver = written::<String, Lines>(&house, frames, Ending::Close(Some(1000))).await;
    let (items, end) = drain(&mut receiver).await;
    end.unwrap();
    assert_eq!(items, ["one", "two"]);
}

#[tokio::test]
async fn bad_line_is_reported_with_position_and_bytes() {
    let house = House::new().await;
    for size in [3, 100] {
        let mut receiver = foreign::<u32, Json>(&house, b"1\n\ntwo\r\n3\n", size).await;
        assert_eq!(receiver.recv().await.unwrap(), Some(1));
        let error = receiver.recv().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "item 1, at byte 3, cannot be read: expected ident at line 1 column 2"
        );
        let bad = error.bad_item().unwrap();
        assert_eq!(
            (bad.number, bad.offset, &bad.bytes[..]),
            (1, 3, &b"two\r\n"[..])
        );
        let text = format!("{bad:?}");
        assert!(text.contains("len: 5") && !text.contains("two"), "{text}");
        // The error ends the stream.
        let again = receiver.recv().await.unwrap_err();
        assert_eq!(again.to_string(), error.to_string());
        assert!(!receiver.report().verdict.unwrap().is_complete());
    }
}

#[tokio::test]
async fn who_asks_goes_on_after_bad_items() {
    let house = House::new().await;
    let mut receiver = foreign::<u32, Json>(&house, b"1\ntwo\n3\n\"four\"\n5", 4)
        .await
        .go_on_after_bad_items();
    let (mut items, mut bad) = (Vec::new(), Vec::new());
    loop {
        match receiver.recv().await {
            Ok(Some(item)) => items.push(item),
            Ok(None) => break,
            Err(ReceiveError::Item(item)) => bad.push((item.number, item.offset)),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(items, [1, 3, 5]);
    assert_eq!(bad, [(1, 2), (3, 8)]);
    let report = receiver.report();
    assert_eq!(report.items, 5);
    assert!(report.verdict.unwrap().is_complete());
}

/// With the `Stream` trait as well, each bad item is a separate error, and the stream continues.
#[tokio::test]
async fn bad_items_of_a_stream() {
    let house = House::new().await;
    use futures::StreamExt;
    let receiver = foreign::<u32, Json>(&house, b"1\ntwo\n3\nfour\n", 100).await;
    let results: Vec<_> = receiver.go_on_after_bad_items().collect().await;
    let shape: Vec<_> = results.iter().map(Result::is_ok).collect();
    assert_eq!(shape, [true, false, true, false]);

    let receiver = foreign::<u32, Json>(&house, b"1\ntwo\n3\nfour\n", 100).await;
    let results: Vec<_> = receiver.collect().await;
    let shape: Vec<_> = results.iter().map(Result::is_ok).collect();
    assert_eq!(shape, [true, false]);
}
