//! The verdict table (`docs/protocol.md` section 9.6), with a real engine.

use std::io;

use futures::SinkExt;
use pipewright::{Abort, ChannelReader, ReadError, Verdict, WriteError};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{House, TestEngine, chain, over_both, within};

/// A writer without pipewright.
type Raw = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn header() -> Message {
    Message::text(json!({"type": "metadata", "pipewright": 1, "format": "bytes"}).to_string())
}

fn end(bytes: u64, crc32c: &str) -> Message {
    let end = json!({"type": "end", "pipewright": 1, "bytes": bytes, "items": 0, "crc32c": crc32c});
    Message::text(end.to_string())
}

/// The verdict and the bytes of a reader, for a stream whose raw frames `write` writes.
async fn read_raw(write: impl AsyncFnOnce(Raw)) -> (Vec<u8>, Verdict) {
    read_raw_with(write, |reader| reader).await
}

async fn read_raw_with(
    write: impl AsyncFnOnce(Raw),
    prepare: impl FnOnce(ChannelReader) -> ChannelReader,
) -> (Vec<u8>, Verdict) {
    let house = House::new().await;
    let channel = house.channel().await;
    let url = house.raw_url(&channel.writer_ref);
    write(connect_async(url).await.unwrap().0).await;
    let mut reader = prepare(channel.reader);
    let mut bytes = Vec::new();
    while let Ok(Some(part)) = within(reader.next_bytes()).await {
        bytes.extend_from_slice(&part);
    }
    house.serves().await;
    (bytes, reader.report().verdict.unwrap())
}

fn failure(verdict: Verdict) -> ReadError {
    match verdict {
        Verdict::Failed(error) => error,
        other => panic!("{other:?} is not a failure"),
    }
}

/// Sends frames and closes without a code.
async fn send(mut raw: Raw, frames: &[Message]) {
    for frame in frames {
        raw.send(frame.clone()).await.unwrap();
    }
    close(&mut raw, None).await;
}

async fn close(raw: &mut Raw, code: Option<u16>) {
    let frame = code.map(|code| CloseFrame {
        code: code.into(),
        reason: "".into(),
    });
    raw.close(frame).await.unwrap();
    while let Some(Ok(_)) = futures::StreamExt::next(raw).await {}
}

#[tokio::test]
async fn header_and_end_that_agree_are_complete() {
    // CRC-32C of "123456789" (RFC 3720 B.4): e3069283.
    let frames = [
        header(),
        Message::binary(&b"123456789"[..]),
        end(9, "e3069283"),
    ];
    let (bytes, verdict) = read_raw(async |raw| send(raw, &frames).await).await;
    assert_eq!(bytes, b"123456789");
    assert!(verdict.is_verified());
}

#[tokio::test]
async fn an_abort_comes_with_its_causes() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.write("some").await.unwrap();
        let first = Abort::new("bad_input", "line 3 is no number")
            .at_stage("parse")
            .at_item(3);
        writer.abort(first.passed_on_by("sum")).await.unwrap();
        // The stream does not look complete at the writer either.
        assert!(!writer.report().verdict.unwrap().is_complete());
        assert!(matches!(writer.flush().await, Err(WriteError::Closed)));
        assert!(matches!(writer.close().await, Err(WriteError::Closed)));
        let error = loop {
            match within(reader.next_bytes()).await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("an aborted stream ended"),
                Err(error) => break error,
            }
        };
        let abort = error.abort().unwrap();
        assert_eq!(abort.stage.as_deref(), Some("sum"));
        let cause = abort.first_cause();
        assert_eq!(
            (cause.stage.as_deref(), cause.item),
            (Some("parse"), Some(3))
        );
        let text = chain(&error);
        assert!(
            text.contains("stage parse at item 3: line 3 is no number"),
            "{text}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_writer_that_is_dropped_aborts() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.write("never flushed").await.unwrap();
        drop(writer);
        let error = within(reader.read_all()).await.unwrap_err();
        assert_eq!(error.abort().unwrap().code, Abort::DROPPED);
    })
    .await;
}

#[tokio::test]
async fn a_header_and_then_no_end_is_truncated() {
    let data = || Message::binary(&b"123"[..]);
    // Closed properly, but without an end message.
    for code in [None, Some(1000), Some(1011)] {
        let (bytes, verdict) = read_raw(async |mut raw| {
            raw.send(header()).await.unwrap();
            raw.send(data()).await.unwrap();
            close(&mut raw, code).await;
        })
        .await;
        assert_eq!(bytes, b"123");
        let error = failure(verdict);
        assert!(
            matches!(error, ReadError::Truncated { bytes: 3, .. }),
            "{error}"
        );
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::UnexpectedEof);
    }
    // Lost.
    let (_, verdict) = read_raw(async |mut raw| {
        raw.send(header()).await.unwrap();
        raw.send(data()).await.unwrap();
    })
    .await;
    let error = failure(verdict);
    assert!(error.is_truncated(), "{error}");
    // An iii engine closes without a reason.
    if TestEngine::start().await.is_pipewright() {
        let text = error.to_string();
        assert!(text.contains("connection lost before close"), "{text}");
    }
}

#[tokio::test]
async fn totals_or_a_checksum_that_differ_are_never_complete() {
    let data = Message::binary(&b"123456789"[..]);
    for (end, truncated) in [
        (end(10, "e3069283"), true),
        (end(8, "e3069283"), false),
        (end(9, "e3069284"), false),
    ] {
        let frames = [header(), data.clone(), end];
        let (_, verdict) = read_raw(async |raw| send(raw, &frames).await).await;
        let error = failure(verdict);
        assert_eq!(error.is_truncated(), truncated, "{error}");
        assert_eq!(
            matches!(error, ReadError::Corrupt { .. }),
            !truncated,
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_foreign_writer_that_closes_cleanly_is_complete_but_unverified() {
    for code in [None, Some(1000)] {
        let (bytes, verdict) = read_raw(async |mut raw| {
            raw.send(Message::binary(&b"123"[..])).await.unwrap();
            close(&mut raw, code).await;
        })
        .await;
        assert_eq!(bytes, b"123");
        assert!(
            verdict.is_complete() && !verdict.is_verified(),
            "{verdict:?}"
        );
    }
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer.plain(), channel.reader);
        writer.write("plain").await.unwrap();
        writer.close().await.unwrap();
        assert_eq!(within(reader.read_all()).await.unwrap(), "plain");
        let verdict = reader.report().verdict.unwrap();
        assert!(
            verdict.is_complete() && !verdict.is_verified(),
            "{verdict:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_foreign_writer_that_ends_otherwise_is_truncated() {
    let (bytes, verdict) = read_raw(async |mut raw| {
        raw.send(Message::binary(&b"123"[..])).await.unwrap();
        close(&mut raw, Some(4001)).await;
    })
    .await;
    assert_eq!(bytes, b"123");
    let (_, lost) = read_raw(async |mut raw| {
        raw.send(Message::binary(&b"123"[..])).await.unwrap();
    })
    .await;
    if !TestEngine::start().await.is_pipewright() {
        // Without codes, the engine cannot tell; but the stream is not verified.
        assert!(!verdict.is_verified() && !lost.is_verified());
        return;
    }
    let error = failure(verdict);
    assert!(
        error.is_truncated() && error.to_string().contains("4001"),
        "{error}"
    );
    assert!(failure(lost).is_truncated());
}

#[tokio::test]
async fn nothing_where_a_header_was_promised_is_an_error() {
    let nothing = async |mut raw: Raw| close(&mut raw, None).await;
    let (_, verdict) = read_raw_with(nothing, ChannelReader::expect_header).await;
    let error = failure(verdict);
    assert!(matches!(error, ReadError::NeverWritten), "{error}");
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::UnexpectedEof);
    // No header was promised.
    let (_, verdict) = read_raw(nothing).await;
    assert!(verdict.is_complete());
}

#[tokio::test]
async fn a_reader_that_goes_away_fails_the_writer() {
    over_both(async |house| {
        for proper in [false, true] {
            let channel = house.channel().await;
            let (mut writer, mut reader) = (channel.writer, channel.reader);
            writer.write("first").await.unwrap();
            writer.flush().await.unwrap();
            assert_eq!(within(reader.next_bytes()).await.unwrap().unwrap(), "first");
            if proper {
                reader.close().await;
                assert!(reader.read_all().await.unwrap_err().is_truncated());
            }
            drop(reader);
            let error = within(async {
                loop {
                    if let Err(error) = writer.write(vec![0; 70_000]).await {
                        break error;
                    }
                }
            })
            .await;
            if !house.engine.is_pipewright() {
                // The connection is dropped without a close: an error without a reason.
                assert!(writer.close().await.is_err(), "{error:?}");
                continue;
            }
            assert!(error.is_reader_gone(), "{error:?}");
            assert!(error.to_string().contains("broken pipe"), "{error}");
            // Every later operation returns it.
            assert!(writer.flush().await.unwrap_err().is_reader_gone());
            assert!(writer.send_message("m").await.unwrap_err().is_reader_gone());
            assert!(writer.close().await.unwrap_err().is_reader_gone());
            let error = writer.write_all(b"x").await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
            assert!(error.downcast::<WriteError>().unwrap().is_reader_gone());
        }
        house.serves().await;
    })
    .await;
}

#[tokio::test]
async fn idle_writer_learns_that_its_reader_left() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.connect().await.unwrap();
        within(reader.header()).await.unwrap();
        drop(reader);
        if !house.engine.is_pipewright() {
            // An idle writer is never notified; its next frames fail.
            while within(writer.write("more")).await.is_ok() {}
            assert!(writer.close().await.is_err());
            return;
        }
        assert!(within(writer.gone()).await.is_reader_gone());
    })
    .await;
}

#[tokio::test]
async fn an_engine_that_stops_never_makes_a_stream_look_whole() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer.plain(), channel.reader);
        writer.write("part").await.unwrap();
        writer.flush().await.unwrap();
        assert_eq!(within(reader.next_bytes()).await.unwrap().unwrap(), "part");
        let Some(engine) = house.engine.handle("only ours can be stopped") else {
            return;
        };
        engine.shutdown().await;
        let error = within(reader.next_bytes()).await.unwrap_err();
        assert!(error.is_truncated(), "{error}");
        let error = within(writer.gone()).await;
        assert!(matches!(error, WriteError::Ended { .. }), "{error}");
    })
    .await;
}

#[tokio::test]
async fn finished_channels_leave_nothing_behind() {
    over_both(async |house| {
        house.serves().await;
        house
            .engine
            .settled(|stats| stats.channels == 0 && stats.buffered_frames == 0)
            .await;
    })
    .await;
}
