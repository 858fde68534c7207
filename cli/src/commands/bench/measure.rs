//! The measurements. Each runs for a fixed time and fails if a stream is incomplete.

use std::time::{Duration, Instant};

use bytes::Bytes;
use pipewright::format::Json;
use pipewright::{Error, MAX_FRAME, StreamReport, Verdict, Worker};
use serde::{Deserialize, Serialize};

use super::report::{Rate, Throughput};
use super::times::{Spread, Times};
use crate::failure::Failure;

/// The item that is sent. It is about as long as a log line.
#[derive(Clone, Serialize, Deserialize)]
struct Item {
    number: u64,
    text: String,
}

/// Bytes through one channel, in frames of maximum size.
pub(super) async fn bytes(worker: &Worker, time: Duration) -> Result<Throughput, Failure> {
    let channel = worker.create_channel(None).await?;
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    let data = Bytes::from(vec![7; MAX_FRAME]);
    let begin = Instant::now();
    let write = async {
        while begin.elapsed() < time {
            writer.write(data.clone()).await?;
        }
        Ok::<_, Error>(writer.close().await?)
    };
    let read = async {
        while reader.next_bytes().await?.is_some() {}
        Ok::<_, Error>(())
    };
    tokio::try_join!(write, read)?;
    throughput(&reader.report(), begin.elapsed())
}

/// Items through one channel.
pub(super) async fn items(worker: &Worker, time: Duration) -> Result<Throughput, Failure> {
    let channel = worker.channel::<Item, Json>(None).await?;
    let (mut sender, mut receiver) = (channel.sender, channel.receiver);
    let begin = Instant::now();
    let send = async {
        let mut item = Item {
            number: 0,
            text: "the quick brown fox jumps over the lazy dog".to_owned(),
        };
        while begin.elapsed() < time {
            sender.send(item.clone()).await?;
            item.number += 1;
        }
        Ok::<_, Error>(sender.close().await?)
    };
    let receive = async {
        while receiver.recv().await?.is_some() {}
        Ok::<_, Error>(())
    };
    tokio::try_join!(send, receive)?;
    throughput(&receiver.report(), begin.elapsed())
}

fn throughput(report: &StreamReport, took: Duration) -> Result<Throughput, Failure> {
    if !report.verdict.as_ref().is_some_and(Verdict::is_verified) {
        return Err(Error::msg("a stream was not whole").into());
    }
    let items = Some(report.items).filter(|items| *items > 0);
    Ok(Throughput {
        bytes: report.bytes,
        bytes_per_second: per_second(report.bytes, took),
        items,
        items_per_second: items.map(|items| per_second(items, took)),
    })
}

/// The latency of an item on an otherwise idle channel.
pub(super) async fn latency(worker: &Worker, time: Duration) -> Result<Spread, Failure> {
    let channel = worker.channel::<u64, Json>(None).await?;
    let (mut sender, mut receiver) = (channel.sender, channel.receiver);
    // The first one connects.
    sender.send(0).await?;
    receiver.recv().await?;
    let mut times = Times::default();
    let begin = Instant::now();
    while begin.elapsed() < time {
        let sent = Instant::now();
        sender.send(1).await?;
        sender.flush().await?;
        receiver.recv().await?;
        times.add(sent.elapsed());
    }
    sender.close().await?;
    Ok(times.spread())
}

/// Sequential calls of a function of this program.
pub(super) async fn calls(worker: &Worker, time: Duration) -> Result<Rate, Failure> {
    let id = format!("pipewright::bench::{}", std::process::id());
    worker.register_function(&*id, async |number: u64| number)?;
    worker.registered().await?;
    let mut times = Times::default();
    let begin = Instant::now();
    let mut calls = 0;
    while begin.elapsed() < time {
        let called = Instant::now();
        worker.call::<u64>(&*id, &calls).await?;
        times.add(called.elapsed());
        calls += 1;
    }
    let per_second = per_second(calls, begin.elapsed());
    worker.unregister_function(&id);
    let times = times.spread();
    Ok(Rate { per_second, times })
}

/// Channels that are created, opened at both ends and closed, one after another.
pub(super) async fn channels(worker: &Worker, time: Duration) -> Result<Rate, Failure> {
    let mut times = Times::default();
    let begin = Instant::now();
    let mut channels = 0;
    while begin.elapsed() < time {
        let made = Instant::now();
        let channel = worker.create_channel(None).await?;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        let (closed, read) = tokio::join!(writer.close(), reader.read_all());
        closed?;
        read?;
        times.add(made.elapsed());
        channels += 1;
    }
    let per_second = per_second(channels, begin.elapsed());
    let times = times.spread();
    Ok(Rate { per_second, times })
}

fn per_second(number: u64, took: Duration) -> u64 {
    let per_second = u128::from(number) * 1_000_000_000 / took.as_nanos().max(1);
    u64::try_from(per_second).unwrap_or(u64::MAX)
}
