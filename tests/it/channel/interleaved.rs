//! Each trait implementation with interruptions: `Pending` before every step, a channel of one
//! frame, and buffers of every awkward size.

use futures::io::{AsyncReadExt, AsyncWriteExt};
use futures::{SinkExt, StreamExt, TryStreamExt, stream};
use futures_test::io::{AsyncReadTestExt, AsyncWriteTestExt};
use futures_test::sink::SinkTestExt;
use futures_test::stream::StreamTestExt;
use pipewright::{ChannelReader, ChannelWriter, Frame, MAX_FRAME};
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::support::{assert_same, over_both, pattern, within};

const SIZES: [usize; 6] = [0, 1, MAX_FRAME - 1, MAX_FRAME, MAX_FRAME + 1, 300_000];
const LIMITS: [usize; 5] = [1, 1000, MAX_FRAME - 1, MAX_FRAME, MAX_FRAME + 1];

/// Writes with `AsyncWrite`, at most `limit` bytes per call.
async fn write_limited(writer: ChannelWriter, data: Vec<u8>, limit: usize) {
    let mut writer = writer
        .into_write()
        .compat_write()
        .limited_write(limit)
        .interleave_pending_write();
    writer.write_all(&data).await.unwrap();
    writer.flush().await.unwrap();
    writer.close().await.unwrap();
}

/// Reads with `AsyncRead`, at most `limit` bytes per call.
async fn read_limited(reader: ChannelReader, limit: usize) -> Vec<u8> {
    let mut reader = reader
        .into_read()
        .compat()
        .limited(limit)
        .interleave_pending();
    let mut read = Vec::new();
    within(reader.read_to_end(&mut read)).await.unwrap();
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_of_every_size_in_steps_of_every_size() {
    over_both(async |house| {
        for size in SIZES {
            for limit in LIMITS {
                // One byte per step is slow, and long streams would show nothing more.
                let size = if limit == 1 { size.min(5000) } else { size };
                let data = pattern(size);
                let channel = house.narrow().await;
                let writing = tokio::spawn(write_limited(channel.writer, data.clone(), limit));
                let read = read_limited(channel.reader, limit).await;
                writing.await.unwrap();
                assert_same(&read, &data, format!("{size} bytes in steps of {limit}"));
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_of_every_size() {
    over_both(async |house| {
        let channel = house.narrow().await;
        let writing = tokio::spawn(async move {
            let mut sink = channel.writer.into_sink().interleave_pending_sink();
            let frames = SIZES.into_iter().flat_map(|size| {
                [
                    Frame::from(pattern(size)),
                    Frame::from(format!("after {size}")),
                ]
            });
            sink.send_all(&mut stream::iter(frames.map(Ok)))
                .await
                .unwrap();
            sink.close().await.unwrap();
        });
        let frames = channel.reader.into_stream().interleave_pending();
        let read: Vec<Frame> = within(frames.try_collect()).await.unwrap();
        let mut read = read.into_iter();
        for size in SIZES {
            let mut data = Vec::new();
            let message = loop {
                match read.next().unwrap() {
                    Frame::Data(bytes) => data.extend_from_slice(&bytes),
                    Frame::Message(text) => break text,
                }
            };
            assert_same(&data, &pattern(size), size);
            assert_eq!(message, *format!("after {size}"));
        }
        assert!(read.next().is_none());
        writing.await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_every_size() {
    over_both(async |house| {
        let channel = house.narrow().await;
        let line = |size| "x".repeat(size) + "\n";
        let text: String = SIZES.into_iter().map(line).collect();
        let writing = tokio::spawn(write_limited(channel.writer, text.into_bytes(), 999));
        let reader = channel.reader.into_read().compat().interleave_pending();
        let lines = futures::io::AsyncBufReadExt::lines(reader);
        let lines: Vec<String> = within(lines.map(Result::unwrap).collect()).await;
        let lens: Vec<usize> = lines.iter().map(String::len).collect();
        assert_eq!(lens, SIZES);
        writing.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_buffer_of_no_size_reads_nothing_and_loses_nothing() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.write("abc").await.unwrap();
        assert_eq!(
            tokio::io::AsyncWriteExt::write(&mut writer, b"")
                .await
                .unwrap(),
            0
        );
        writer.close().await.unwrap();
        let read = tokio::io::AsyncReadExt::read(&mut reader, &mut []).await;
        assert_eq!(read.unwrap(), 0);
        assert_eq!(reader.read_all().await.unwrap(), "abc");
    })
    .await;
}
