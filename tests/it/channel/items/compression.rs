//! Compressed streams.

use std::fmt::Debug;

use bytes::Bytes;
use pipewright::format::{Bincode, Compression, ItemLimits, Json};
use pipewright::{Channel, ChannelReader, ReadError, ReceiveError, Verdict, WriteError};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

use super::raw::{Ending, drain, header, open, payload, written};
use crate::support::{House, over_both, within};

const CLOSE: Ending = Ending::Close(Some(1000));
const BOTH: [Compression; 2] = [Compression::ZSTD, Compression::Lz4];

/// The frames of a compressed stream of lines.
async fn frames(house: &House, items: Vec<String>, compression: Compression) -> Vec<Message> {
    let channel: Channel<String> = house.worker.channel(None).await.unwrap();
    let mut socket = open(house, channel.reader_ref.get_ref()).await;
    let mut sender = channel.sender.compressed(compression);
    let sending = tokio::spawn(async move {
        for item in items {
            sender.send(item).await.unwrap();
        }
        sender.close().await.unwrap();
        sender.report()
    });
    let mut frames = Vec::new();
    while let Some(Ok(frame)) = within(futures::StreamExt::next(&mut socket)).await {
        if frame.is_text() || frame.is_binary() {
            frames.push(frame);
        }
    }
    let report = sending.await.unwrap();
    assert_eq!(report.bytes, payload(&frames).len() as u64);
    frames
}

#[tokio::test]
async fn the_header_names_it_and_the_payload_is_smaller() {
    let house = House::new().await;
    for compression in BOTH {
        let items = vec!["the same again and again".to_owned(); 10_000];
        let frames = frames(&house, items.clone(), compression).await;
        let header: serde_json::Value = serde_json::from_str(frames[0].to_text().unwrap()).unwrap();
        assert_eq!(header["compression"], compression.name());
        let len = payload(&frames).len();
        assert!(len < 10_000, "{len} bytes");

        let mut receiver = written::<String, Json>(&house, frames, CLOSE).await;
        let (got, end) = drain(&mut receiver).await;
        end.unwrap();
        assert!(got == items);
        let report = receiver.report();
        assert_eq!((report.bytes, report.items), (len as u64, 10_000));
        assert!(report.verdict.unwrap().is_verified());
    }
}

#[tokio::test]
async fn random_items_fill_frames_and_none_is_longer() {
    let house = House::new().await;
    let mut random = fastrand::Rng::with_seed(1);
    for compression in BOTH {
        let items = (0..200)
            .map(|_| (0..5000).map(|_| random.alphanumeric()).collect())
            .collect();
        let frames = frames(&house, items, compression).await;
        let data: Vec<_> = frames.iter().filter(|frame| frame.is_binary()).collect();
        assert!(data.len() > 10);
        assert!(data.iter().all(|frame| frame.len() <= 65_536));
    }
}

#[tokio::test]
async fn a_stream_cut_anywhere_is_never_complete() {
    let house = House::new().await;
    for compression in BOTH {
        let items: Vec<_> = ["one", "two", "three"].map(str::to_owned).into();
        let whole = frames(&house, items.clone(), compression).await;
        let bytes = payload(&whole);
        for at in 0..bytes.len() {
            // The totals match, as from a writer that forgot to end its compression.
            let cut = bytes[..at].to_vec();
            let end = format!(r#"{{"type":"end","pipewright":1,"bytes":{at}}}"#);
            for (end, ending) in [
                (None, CLOSE),
                (None, Ending::Loss),
                (Some(Message::text(end)), CLOSE),
            ] {
                let mut frames = vec![whole[0].clone(), Message::binary(cut.clone())];
                frames.extend(end);
                let mut receiver = written::<String, Json>(&house, frames, ending).await;
                let (got, end) = drain(&mut receiver).await;
                let error = end.unwrap_err();
                assert!(error.is_truncated(), "cut at {at}: {error}");
                assert_eq!(got, items[..got.len()]);
                assert!(!receiver.report().verdict.unwrap().is_complete());
            }
        }
    }
}

fn corrupt<T: Debug>(result: Result<T, ReceiveError>) -> String {
    match result {
        Err(ReceiveError::Stream(error @ ReadError::Corrupt { .. })) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn damage_is_an_error_that_says_so() {
    let house = House::new().await;
    let zstd = serde_json::json!({"format": "ndjson", "compression": "zstd"});
    let frames = vec![header(&zstd), Message::binary(&b"not compressed"[..])];
    let mut receiver = written::<String, Json>(&house, frames, CLOSE).await;
    let text = corrupt(receiver.recv().await);
    assert_eq!(
        text,
        "the stream is damaged: the compressed stream is damaged: Unknown frame descriptor"
    );

    let mut whole = frames_with_more(&house).await;
    let end = whole.pop();
    whole.push(Message::binary(&b"more"[..]));
    whole.extend(end);
    let mut receiver = written::<String, Json>(&house, whole, CLOSE).await;
    let text = corrupt(drain(&mut receiver).await.1);
    assert_eq!(
        text,
        "the stream is damaged: bytes follow the end of the compressed stream"
    );
}

async fn frames_with_more(house: &House) -> Vec<Message> {
    frames(house, vec!["one".to_owned()], Compression::ZSTD).await
}

/// A few bytes that expand to endless spaces: the limit stops them.
#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_is_stopped_by_the_limit_of_an_item() {
    over_both(async |house| {
        for compression in BOTH {
            let channel = house.channel().await;
            let mut writer = channel.writer.compressed(compression);
            let writing = tokio::spawn(async move {
                // The receiver leaves in the middle.
                let spaces = Bytes::from(vec![b' '; 1 << 20]);
                while writer.write(spaces.clone()).await.is_ok() && writer.flush().await.is_ok() {}
                writer.report()
            });
            let reader = ChannelReader::new(house.address(), &channel.reader_ref);
            let receiver: pipewright::Receiver<String> = pipewright::Receiver::new(reader);
            let mut receiver = receiver.limits(ItemLimits::DEFAULT.max_bytes(10 << 20));
            let error = receiver.recv().await.unwrap_err();
            assert!(matches!(error, ReceiveError::TooLong { .. }), "{error}");
            let report = within(writing).await.unwrap();
            assert!(report.bytes < 10 << 20, "{}", report.bytes);
        }
    })
    .await;
}

#[tokio::test]
async fn streams_of_bytes_are_compressed_too() {
    over_both(async |house| {
        for compression in BOTH {
            let channel = house.channel().await;
            let (writer, mut reader) = (channel.writer, channel.reader);
            let mut writer = writer.compressed(compression);
            let writing = tokio::spawn(async move {
                writer.write("begin ").await.unwrap();
                writer.send_message("a message").await.unwrap();
                writer.write_all(&vec![b'x'; 300_000]).await.unwrap();
                writer.shutdown().await.unwrap();
                writer.report()
            });
            assert_eq!(reader.next_bytes().await.unwrap().unwrap(), "begin ");
            let rest = within(reader.read_all()).await.unwrap();
            assert!(rest == vec![b'x'; 300_000]);
            let report = within(writing).await.unwrap();
            assert!(report.bytes < 10_000);
            assert_eq!(reader.report().bytes, report.bytes);
            assert_eq!(reader.report().messages, 1);
            assert!(matches!(reader.report().verdict, Some(Verdict::Complete)));
        }
    })
    .await;
}

#[tokio::test]
async fn a_level_that_does_not_matter_to_the_receiver() {
    over_both(async |house| {
        for level in [-5, 1, 22] {
            let channel: Channel<u64, Bincode> = house.worker.channel(None).await.unwrap();
            let mut sender = channel.sender.compressed(Compression::Zstd { level });
            let mut receiver = channel.receiver;
            let sending = tokio::spawn(async move {
                for n in 0..10_000 {
                    sender.send(n).await.unwrap();
                }
                sender.close().await.unwrap();
            });
            let (items, end) = drain(&mut receiver).await;
            end.unwrap();
            assert!(items.into_iter().eq(0..10_000));
            within(sending).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_plain_writer_compresses_nothing() {
    let Some(house) = House::in_process().await else {
        return;
    };
    let channel = house.channel().await;
    let mut writer = channel.writer.compressed(Compression::ZSTD).plain();
    writer.write("as it is").await.unwrap();
    writer.close().await.unwrap();
    let mut reader = channel.reader;
    assert_eq!(reader.read_all().await.unwrap(), "as it is");
    let after = writer.write("more").await;
    assert!(matches!(after, Err(WriteError::Closed)));
}
