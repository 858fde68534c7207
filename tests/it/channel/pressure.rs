//! A writer that is faster than its reader has to wait, and memory stays bounded.

use bytes::Bytes;
use pipewright::MAX_FRAME;

use crate::support::{House, cancelled_after, within};

/// The length of the stream.
const TOTAL: u64 = 1 << 30;
/// The capacity of a channel of default size: 64 frames (`docs/protocol.md` section 3).
const CHANNEL: usize = 64 * MAX_FRAME;

#[tokio::test(flavor = "multi_thread")]
async fn in_memory_the_writer_waits_when_the_channel_is_full() {
    let Some(house) = House::in_process().await else {
        return;
    };
    let Some(engine) = house.engine.handle("its memory is counted by ours") else {
        return;
    };
    let channel = house.channel().await;
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    // The first bytes of each frame contain its number.
    let frame = |number: u64| {
        let mut bytes = vec![0; MAX_FRAME];
        bytes[..8].copy_from_slice(&number.to_be_bytes());
        Bytes::from(bytes)
    };
    let mut accepted = 0;
    while cancelled_after(0, writer.write(frame(accepted)))
        .await
        .is_some()
    {
        accepted += 1;
    }
    let held = writer.report().bytes;
    assert!(held <= (CHANNEL + 2 * MAX_FRAME) as u64, "{held} bytes");

    let writing = tokio::spawn(async move {
        for number in accepted..TOTAL / MAX_FRAME as u64 {
            writer.write(frame(number)).await.unwrap();
        }
        writer.close().await.unwrap();
    });
    let mut number: u64 = 0;
    while let Some(bytes) = within(reader.next_bytes()).await.unwrap() {
        assert_eq!(bytes.len(), MAX_FRAME);
        assert_eq!(bytes[..8], number.to_be_bytes());
        number += 1;
        let stats = engine.stats();
        assert!(stats.buffered_bytes <= CHANNEL, "{stats:?}");
    }
    writing.await.unwrap();
    assert_eq!(reader.report().bytes, TOTAL);
    assert!(reader.report().verdict.unwrap().is_verified());
}

/// Over sockets, with the writer and the engine in separate processes, so that their memory can be
/// measured separately.
#[cfg(target_os = "linux")]
mod processes {
    use std::fs;
    use std::time::Duration;

    use pipewright::{ChannelReader, Worker};
    use tokio::time::interval;

    use super::TOTAL;
    use crate::programs::{Producer, Program};
    use crate::support::within;

    /// The maximum memory of a process. Both need some 10 MiB without a stream; a channel, its read
    /// credit and the sockets hold some 10 MiB more.
    const MEMORY: u64 = 64 << 20;

    /// A number in a file of `/proc`.
    fn read(program: &Program, file: &str, name: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/{file}", program.id())).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        let number = line.split_whitespace().nth(1).unwrap();
        number.parse().unwrap()
    }

    fn peak_memory(program: &Program) -> u64 {
        read(program, "status", "VmHWM:") * 1024
    }

    /// Waits until a process has not read from its file for two seconds, twice as long as the
    /// engine needs to use up the read credit of a full channel. Returns what the process has read.
    async fn held_back(program: &Program) -> u64 {
        let mut tick = interval(Duration::from_millis(100));
        let (mut before, mut unchanged) = (0, 0);
        while unchanged < 20 {
            tick.tick().await;
            let now = read(program, "io", "rchar:");
            unchanged = if now == before { unchanged + 1 } else { 0 };
            before = now;
        }
        before
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn memory_of_engine_and_writer_stays_bounded_and_all_arrives() {
        let (engine, url) = Program::engine().await;
        let worker = Worker::connect(url.as_str()).await.unwrap();
        let producer = Producer::start(&worker, &url, None, TOTAL).await;
        let read = within(held_back(&producer.program)).await;
        assert!(read < MEMORY, "the writer went on to {read} bytes");

        let mut reader = ChannelReader::new(worker.address(), &producer.reader_ref);
        let mut received = 0;
        while let Some(bytes) = within(reader.next_bytes()).await.unwrap() {
            assert!(bytes.iter().all(|byte| *byte == 0));
            received += bytes.len() as u64;
        }
        assert_eq!(received, TOTAL);
        assert!(reader.report().verdict.unwrap().is_verified());
        for program in [&engine, &producer.program] {
            let peak = peak_memory(program);
            assert!(peak < MEMORY, "{peak} bytes at the most");
        }
    }
}
