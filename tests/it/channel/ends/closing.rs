//! What confirms the close of a stream, and how long a writer waits for it.

use std::time::{Duration, Instant};

use futures::StreamExt;
use pipewright::{Abort, Address, ChannelReader, ChannelWriter, Engine, Verdict, WriteError};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::{MILLI, SECOND, beating, house_of, writer_ref};
use crate::support::{House, over_both, pattern, within};

/// Writes more than a channel of one frame holds, so that the close waits for the engine.
async fn closing(house: &House) -> (ChannelWriter, ChannelReader) {
    let channel = house.narrow().await;
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    reader.connect().await.unwrap();
    writer.write(pattern(2 << 20)).await.unwrap();
    within(writer.flush()).await.unwrap();
    let closed = timeout(100 * MILLI, writer.close()).await;
    assert!(closed.is_err(), "the engine has it all already");
    (writer, reader)
}

#[tokio::test]
async fn close_fails_if_the_engine_stops_first() {
    let Some(house) = house_of(Engine::builder()).await else {
        return;
    };
    let (mut writer, mut reader) = closing(&house).await;
    house.engine.handle("").unwrap().shutdown().await;
    let closed = within(writer.close()).await;
    let read = within(reader.read_all()).await;
    assert!(read.is_err(), "the reader has it all");
    let verdict = writer.report().verdict;
    assert!(closed.is_err(), "{closed:?} and {verdict:?}, but {read:?}");
}

#[tokio::test]
async fn gone_does_not_swallow_a_confirmation() {
    let house = House::new().await;
    let (mut writer, mut reader) = closing(&house).await;
    let reading = tokio::spawn(async move { reader.read_all().await });
    let gone = timeout(2 * SECOND, writer.gone()).await;
    let read = within(reading).await.unwrap().unwrap();
    assert_eq!(read.len(), 2 << 20);
    let closed = within(writer.close()).await;
    assert!(closed.is_ok(), "gone: {gone:?}, then closed: {closed:?}");
}

/// An engine that answers the end of a stream with `close`, which crosses the writer's close.
async fn engine_that_closes_with(close: Option<CloseFrame>) -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() && message.to_string().contains(r#""end""#) {
                let _ = socket.close(close.clone()).await;
            }
        }
    });
    format!("ws://{address}").parse().unwrap()
}

#[tokio::test]
async fn only_a_clean_close_of_the_peer_confirms_a_stream() {
    let mut wrong = Vec::new();
    for (code, reason, right) in [
        (Some(1000_u16), "", true),
        (None, "", true),
        (Some(1002), "protocol error", false),
        (Some(1009), "the message is too long", false),
        (Some(1011), "out of memory", false),
        (Some(1012), "engine is stopping", false),
        (Some(1013), "try again later", false),
    ] {
        let close = code.map(|code| CloseFrame {
            code: code.into(),
            reason: reason.into(),
        });
        let address = engine_that_closes_with(close).await;
        let mut writer = ChannelWriter::new(&address, &writer_ref());
        writer.write("data").await.unwrap();
        let closed = within(writer.close()).await;
        if closed.is_ok() != right {
            wrong.push(format!("{code:?} {reason}: {closed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Reads one frame per `every` during `slow`, then the rest. Returns how the stream ended.
async fn read_slowly(
    mut reader: ChannelReader,
    every: Duration,
    slow: Duration,
) -> Option<Verdict> {
    let begun = Instant::now();
    while let Ok(Some(_)) = reader.next_bytes().await {
        if begun.elapsed() < slow {
            sleep(every).await;
        }
    }
    reader.report().verdict
}

#[tokio::test]
async fn close_waits_while_the_engine_gives_signs_of_life() {
    let house = House::new().await;
    let channel = house.narrow().await;
    let reading = tokio::spawn(read_slowly(channel.reader, SECOND, 6 * SECOND));
    let mut writer = ChannelWriter::new(&beating(&house, 50 * MILLI), &channel.writer_ref)
        .close_timeout(300 * MILLI);
    writer.write(pattern(2 << 20)).await.unwrap();
    within(writer.flush()).await.unwrap();
    let begun = Instant::now();
    let closed = within(writer.close()).await;
    let after = begun.elapsed();
    drop(writer);
    let read = within(reading).await.unwrap();
    let expected = if house.engine.is_pipewright() {
        closed.is_ok()
    } else {
        // An iii engine sends no heartbeats, so only a longer timeout waits for a slow reader.
        matches!(closed, Err(WriteError::CloseTimeout { .. }))
    };
    assert!(expected, "{closed:?} after {after:?}; the reader: {read:?}");
}

/// A writer that is dropped while it closes still ends its stream.
#[tokio::test]
async fn writer_dropped_in_closing_still_ends_its_stream() {
    let house = House::new().await;
    let (writer, mut reader) = closing(&house).await;
    drop(writer);
    assert_eq!(within(reader.read_all()).await.unwrap().len(), 2 << 20);
    assert!(reader.report().verdict.unwrap().is_verified());
}

/// Only the echo of the writer's own code confirms an aborted stream.
#[tokio::test]
async fn abort_is_confirmed_by_the_echo_of_its_code() {
    for (code, right) in [(1011_u16, true), (1000, true), (1012, false)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
            while let Some(Ok(message)) = socket.next().await {
                if message.is_text() && message.to_string().contains(r#""error""#) {
                    let frame = CloseFrame {
                        code: code.into(),
                        reason: "so".into(),
                    };
                    let _ = socket.close(Some(frame)).await;
                }
            }
        });
        let address: Address = format!("ws://{address}").parse().unwrap();
        let mut writer = ChannelWriter::new(&address, &writer_ref());
        let told = within(writer.abort(Abort::new("no", "no"))).await;
        assert_eq!(told.is_ok(), right, "{code}: {told:?}");
    }
}

#[tokio::test]
async fn every_answer_after_an_end_stays_the_same() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.write("data").await.unwrap();
        within(writer.close()).await.unwrap();
        for _ in 0..2 {
            let gone = within(writer.gone()).await;
            assert!(matches!(gone, pipewright::WriteError::Closed), "{gone:?}");
            within(writer.close()).await.unwrap();
            writer.write("more").await.unwrap_err();
            let verdict = writer.report().verdict;
            assert!(matches!(verdict, Some(Verdict::Complete)), "{verdict:?}");
        }
        within(reader.read_all()).await.unwrap();
        for _ in 0..2 {
            reader.connect().await.unwrap();
            assert!(reader.header().await.unwrap().is_some());
        }
    })
    .await;
}
