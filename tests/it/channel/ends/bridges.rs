//! Ends behind the adapters of tokio and tokio-util.

use std::io::{BufRead as _, Write as _};

use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::MILLI;
use crate::support::{chain, over_both, within};

#[tokio::test]
async fn copy_forwards_each_line_of_a_pausing_source() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer.into_write(), channel.reader);
        let (mut source, mut sink) = tokio::io::duplex(1000);
        let copying = tokio::spawn(async move {
            tokio::io::copy(&mut sink, &mut writer).await?;
            writer.shutdown().await
        });
        for line in ["one\n", "two\n"] {
            source.write_all(line.as_bytes()).await.unwrap();
            assert_eq!(within(reader.next_bytes()).await.unwrap().unwrap(), line);
        }
        drop(source);
        assert_eq!(within(reader.next_bytes()).await.unwrap(), None);
        within(copying).await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_blocking_bridge_is_closed_by_shutdown_and_aborts_without() {
    over_both(async |house| {
        for shuts_down in [true, false] {
            let channel = house.channel().await;
            let (writer, mut reader) = (channel.writer.into_write(), channel.reader);
            let mut bridge = tokio_util::io::SyncIoBridge::new(writer);
            let writing = tokio::task::spawn_blocking(move || {
                for number in 0..100_000 {
                    writeln!(bridge, "line {number}").unwrap();
                }
                bridge.flush().unwrap();
                if shuts_down {
                    bridge.shutdown().unwrap();
                }
            });
            let read = within(reader.read_all()).await;
            within(writing).await.unwrap();
            assert_eq!(
                read.is_ok(),
                shuts_down,
                "{:?}",
                read.map(|read| read.len())
            );
            if let Err(error) = read {
                assert!(chain(&error).contains("close"), "{error}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_blocking_bridge_fails_at_a_truncated_stream() {
    over_both(async |house| {
        for whole in [true, false] {
            let channel = house.channel().await;
            let (mut writer, reader) = (channel.writer, channel.reader.into_read());
            let reading = tokio::task::spawn_blocking(move || {
                let lines = tokio_util::io::SyncIoBridge::new(reader).lines();
                lines.collect::<Result<Vec<_>, _>>()
            });
            writer.write("one\ntwo\n").await.unwrap();
            if whole {
                writer.close().await.unwrap();
            } else {
                drop(writer);
            }
            let lines = within(reading).await.unwrap();
            assert_eq!(lines.is_ok(), whole, "{lines:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn dropped_half_of_a_split_stream_ends_nothing() {
    over_both(async |house| {
        let (there, back) = (house.channel().await, house.channel().await);
        let joined = tokio::io::join(back.reader.into_read(), there.writer.into_write());
        let (read_half, mut write_half) = tokio::io::split(joined);
        let mut reader = there.reader;
        write_half.write_all(b"data").await.unwrap();
        write_half.flush().await.unwrap();
        drop(write_half);
        assert_eq!(within(reader.next_bytes()).await.unwrap().unwrap(), "data");
        assert!(timeout(300 * MILLI, reader.next_bytes()).await.is_err());
        drop(read_half);
        let error = within(reader.next_bytes()).await.unwrap_err();
        assert!(error.is_aborted(), "{error}");
    })
    .await;
}
