//! Bounds on what one end accepts from its peer, and the cost of reading it.

use std::time::Instant;

use bytes::Bytes;
use futures::FutureExt;
use pipewright::{Address, ChannelWriter, ReadError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::{SECOND, writer_ref};
use crate::support::{House, cancelled_after, chain, over_both, pattern, within};

/// Answers a handshake with `bytes` of endless header lines, and then sends nothing more.
async fn babbling_server(bytes: usize) -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let lines = "X: y\r\n".repeat(bytes / 6);
        let _ = stream.write_all(b"HTTP/1.1 101 Switching\r\n").await;
        let _ = stream.write_all(lines.as_bytes()).await;
        sleep(60 * SECOND).await;
    });
    format!("ws://{address}").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answer_to_a_handshake_is_bounded() {
    let address = babbling_server(4 << 20).await.connect_timeout(2 * SECOND);
    let mut writer = ChannelWriter::new(&address, &writer_ref());
    let begun = Instant::now();
    let connected = within(writer.connect()).await;
    let (error, after) = (connected.unwrap_err(), begun.elapsed());
    let text = chain(&error);
    assert!(after < 2 * SECOND, "{text} after {after:?}");
}

#[tokio::test]
async fn single_frame_is_read_without_a_copy() {
    let Some(house) = House::in_process().await else {
        return;
    };
    let channel = house.channel().await;
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    let data = Bytes::from(pattern(64 << 10));
    writer.write(data.clone()).await.unwrap();
    within(writer.close()).await.unwrap();
    let read = within(reader.read_all()).await.unwrap();
    assert_eq!(read.as_ptr(), data.as_ptr(), "it was copied");
}

#[tokio::test]
async fn reading_into_an_empty_buffer_is_ready_at_once() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.connect().await.unwrap();
        reader.connect().await.unwrap();
        within(reader.header()).await.unwrap();
        let read = reader.read(&mut []).now_or_never();
        assert!(matches!(read, Some(Ok(0))), "{read:?}");
        let mut reader = reader.into_read();
        let read = reader.read(&mut []).now_or_never();
        assert!(matches!(read, Some(Ok(0))), "by its view: {read:?}");
        writer.write("data").await.unwrap();
        writer.close().await.unwrap();
        let mut text = String::new();
        within(reader.read_to_string(&mut text)).await.unwrap();
        assert_eq!(text, "data");
    })
    .await;
}

/// Each interrupted call costs only as much as has arrived since the previous one.
#[tokio::test]
async fn interrupted_read_all_costs_linear_time() {
    let Some(house) = House::in_process().await else {
        return;
    };
    let channel = house.narrow().await;
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    let data = pattern(64 << 20);
    let sent = data.clone();
    let writing = tokio::spawn(async move {
        writer.write(sent).await.unwrap();
        writer.close().await.unwrap();
    });
    let begun = Instant::now();
    let mut interrupted = 0;
    let read = loop {
        match cancelled_after(0, reader.read_all()).await {
            Some(read) => break read.unwrap(),
            None => interrupted += 1,
        }
        tokio::task::yield_now().await;
    };
    let after = begun.elapsed();
    within(writing).await.unwrap();
    assert!(read == data, "{} bytes of {}", read.len(), data.len());
    assert!(interrupted >= 500, "interrupted {interrupted} times");
    // Copying the collected data each time would be some 30 GB.
    assert!(
        after < 10 * SECOND,
        "{interrupted} interruptions took {after:?}"
    );
}

#[tokio::test]
async fn stream_over_the_limit_stays_in_the_reader() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        let data = pattern(200_000);
        writer.write(data.clone()).await.unwrap();
        within(writer.close()).await.unwrap();
        for _ in 0..2 {
            let error = within(reader.read_all_up_to(199_999)).await.unwrap_err();
            let over = matches!(error, ReadError::OverLimit { limit: 199_999 });
            assert!(over, "{error:?}");
        }
        let read = within(reader.read_all_up_to(200_000)).await.unwrap();
        assert!(read == data);
    })
    .await;
}
