//! The traits of both ends: `Sink` and `Stream`, `AsyncWrite` and `AsyncRead`, and their use by
//! other libraries.

use bytes::Bytes;
use futures::{SinkExt, StreamExt, TryStreamExt, stream};
use pipewright::{Frame, ReadError, WriteError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec, LinesCodec};

use crate::support::{assert_same, over_both, pattern, within};

#[tokio::test]
async fn forward_from_one_channel_to_the_next() {
    over_both(async |house| {
        let (first, second) = (house.channel().await, house.channel().await);
        let (mut writer, mut reader) = (first.writer, second.reader);
        let data = pattern(1_000_000);
        let sent = data.clone();
        let writing = tokio::spawn(async move {
            writer.write(sent).await.unwrap();
            writer.send_message("m").await.unwrap();
            writer.close().await.unwrap();
        });
        // `forward` requires the same error type on both sides.
        let frames = first.reader.into_stream().map_err(|_| WriteError::Closed);
        let forwarding = tokio::spawn(frames.forward(second.writer.into_sink()));
        let mut messages = reader.messages();
        let read = within(reader.read_all()).await.unwrap();
        assert_same(&read, &data, "forwarded");
        assert_eq!(messages.next().await.unwrap(), "m");
        forwarding.await.unwrap().unwrap();
        writing.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn send_all_fills_frames_and_close_ends_the_stream() {
    over_both(async |house| {
        let channel = house.channel().await;
        let mut sink = channel.writer.into_sink();
        let pieces = (0..1000_u32).map(|n| Ok(Frame::from(n.to_be_bytes().to_vec())));
        sink.send_all(&mut stream::iter(pieces)).await.unwrap();
        sink.feed(Frame::from("a message")).await.unwrap();
        sink.close().await.unwrap();
        assert!(sink.into_inner().report().verdict.unwrap().is_verified());

        let frames: Vec<Frame> = within(channel.reader.into_stream().try_collect())
            .await
            .unwrap();
        let expected: Vec<u8> = (0..1000_u32).flat_map(u32::to_be_bytes).collect();
        let expected = [Frame::from(expected), Frame::from("a message")];
        assert_eq!(frames, expected);
    })
    .await;
}

#[tokio::test]
async fn both_ends_are_used_through_their_traits_without_a_view() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        // `flush` and `close` are inherent, so both extension traits may be in scope.
        SinkExt::send(&mut writer, Frame::from("m")).await.unwrap();
        writer.write_all(b"bytes").await.unwrap();
        writer.flush().await.unwrap();
        writer.close().await.unwrap();
        let first = StreamExt::next(&mut reader).await.unwrap().unwrap();
        assert_eq!(first, Frame::from("m"));
        let mut text = String::new();
        reader.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "bytes");
        assert!(StreamExt::next(&mut reader).await.is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copy_into_and_out_of_a_channel() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        let data = pattern(5_000_001);
        let sent = data.clone();
        let writing = tokio::spawn(async move {
            let copied = tokio::io::copy(&mut &sent[..], &mut writer).await.unwrap();
            writer.shutdown().await.unwrap();
            copied
        });
        let mut read = Vec::new();
        let copied = within(tokio::io::copy(&mut reader, &mut read)).await;
        assert_eq!(copied.unwrap(), 5_000_001);
        assert_eq!(writing.await.unwrap(), 5_000_001);
        assert_same(&read, &data, "copied");
    })
    .await;
}

#[tokio::test]
async fn copy_buf_and_lines_read_without_an_extra_buffer() {
    over_both(async |house| {
        let text = "one\ntwo\r\n\nlast without an end";
        for buffered in [false, true] {
            let channel = house.channel().await;
            let mut writer = channel.writer;
            for piece in text.as_bytes().chunks(3) {
                writer.write(piece).await.unwrap();
                writer.flush().await.unwrap();
            }
            writer.close().await.unwrap();
            let reader = channel.reader.into_read();
            let mut read = Vec::new();
            if buffered {
                let mut lines = BufReader::new(reader).lines();
                while let Some(line) = within(lines.next_line()).await.unwrap() {
                    read.push(line);
                }
            } else {
                let mut lines = reader.lines();
                while let Some(line) = within(lines.next_line()).await.unwrap() {
                    read.push(line);
                }
            }
            assert_eq!(read, ["one", "two", "", "last without an end"]);
        }
    })
    .await;
}

#[tokio::test]
async fn codecs_of_tokio_util_at_both_ends() {
    over_both(async |house| {
        let channel = house.narrow().await;
        let lens = [0, 1, 65_531, 65_532, 65_533, 1_000_000];
        let mut sink = FramedWrite::new(channel.writer.into_write(), LengthDelimitedCodec::new());
        let writing = tokio::spawn(async move {
            for len in lens {
                sink.send(Bytes::from(pattern(len))).await.unwrap();
            }
            SinkExt::<Bytes>::close(&mut sink).await.unwrap();
        });
        let reader = channel.reader.into_read();
        let stream = FramedRead::new(reader, LengthDelimitedCodec::new());
        let records: Vec<_> = within(stream.try_collect()).await.unwrap();
        assert_eq!(records.len(), lens.len());
        for (record, len) in records.iter().zip(lens) {
            assert_same(record, &pattern(len), len);
        }
        writing.await.unwrap();

        let channel = house.narrow().await;
        let mut sink = FramedWrite::new(channel.writer.into_write(), LinesCodec::new());
        let writing = tokio::spawn(async move {
            for n in 0..10_000 {
                sink.feed(format!("line {n}")).await.unwrap();
            }
            SinkExt::<String>::close(&mut sink).await.unwrap();
        });
        let mut lines = FramedRead::new(channel.reader.into_read(), LinesCodec::new());
        for n in 0..10_000 {
            let line = within(lines.next()).await.unwrap().unwrap();
            assert_eq!(line, format!("line {n}"));
        }
        assert!(lines.next().await.is_none());
        writing.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn messages_reach_their_listeners_in_order_with_the_data() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        for piece in ["a", "b", "c"] {
            writer
                .send_message(format!("before {piece}"))
                .await
                .unwrap();
            writer.write(piece).await.unwrap();
        }
        writer.send_message("last").await.unwrap();
        writer.close().await.unwrap();
        let (heard, listener) = std::sync::mpsc::channel();
        reader.on_message(move |text| heard.send(text.to_owned()).unwrap());
        for piece in ["a", "b", "c"] {
            let bytes = within(reader.next_bytes()).await.unwrap().unwrap();
            assert_eq!(bytes, piece);
            assert_eq!(listener.try_recv().unwrap(), format!("before {piece}"));
            assert!(listener.try_recv().is_err());
        }
        assert_eq!(reader.next_bytes().await.unwrap(), None);
        assert_eq!(listener.try_recv().unwrap(), "last");
    })
    .await;
}

#[tokio::test]
async fn a_broken_stream_is_an_error_on_every_face() {
    over_both(async |house| {
        let broken = async || {
            let channel = house.channel().await;
            let mut writer = channel.writer;
            writer.write("part").await.unwrap();
            writer.flush().await.unwrap();
            drop(writer);
            channel.reader
        };
        let aborted = std::io::ErrorKind::ConnectionAborted;

        let mut read = Vec::new();
        let mut reader = broken().await.into_read();
        for _ in 0..2 {
            let error = within(reader.read_to_end(&mut read)).await.unwrap_err();
            assert_eq!(error.kind(), aborted);
            let inner = error.downcast::<ReadError>().unwrap();
            assert!(inner.is_aborted(), "{inner}");
        }

        let mut reader = broken().await;
        let error = tokio::io::copy(&mut reader, &mut tokio::io::sink()).await;
        assert_eq!(error.unwrap_err().kind(), aborted);

        let mut lines = broken().await.into_read().lines();
        assert_eq!(lines.next_line().await.unwrap_err().kind(), aborted);

        // A `Stream` returns the error once and then ends.
        let mut frames = broken().await.into_stream();
        assert_eq!(frames.next().await.unwrap().unwrap().len(), 4);
        assert!(frames.next().await.unwrap().unwrap_err().is_aborted());
        assert!(frames.next().await.is_none());

        let mut reader = broken().await;
        for _ in 0..2 {
            assert!(reader.read_all().await.unwrap_err().is_aborted());
        }
    })
    .await;
}
