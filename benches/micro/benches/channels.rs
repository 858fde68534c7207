//! Channels with both ends in this process: in memory, and over loopback through the engine.

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pipewright::format::Bincode;
use pipewright::{Channel, Engine, Worker};
use pipewright_micro::Record;
use tokio::runtime::Runtime;

/// Bytes and records of one stream.
const BYTES: usize = 16 << 20;
const RECORDS: u64 = 100_000;

/// Frames of these sizes: a short frame costs its header, a long one its bytes.
const FRAMES: [usize; 3] = [64, 4 << 10, 64 << 10];

/// A worker whose channels are in memory, and one whose channels use loopback.
async fn workers() -> [(&'static str, Worker); 2] {
    let embedded = Worker::embedded().await.expect("an embedded engine");
    let engine = Engine::builder()
        .listen("127.0.0.1:0")
        .start()
        .await
        .expect("an engine");
    let url = engine.url().expect("it listens").to_string();
    // Runs until the process ends.
    std::mem::forget(engine);
    let connected = Worker::connect(url.as_str()).await.expect("a worker");
    [("memory", embedded), ("loopback", connected)]
}

/// Sends frames of `size` bytes, one by one, and reads them.
async fn frames(worker: &Worker, size: usize) {
    let channel = worker.create_channel(None).await.expect("a channel");
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    let writing = tokio::spawn(async move {
        let frame = Bytes::from(vec![7; size]);
        for _ in 0..BYTES / size {
            writer
                .send_frame(frame.clone())
                .await
                .expect("the reader is there");
        }
        writer.close().await.expect("the stream is whole");
    });
    let mut bytes = 0;
    while let Some(data) = reader.next_bytes().await.expect("the stream is whole") {
        bytes += data.len();
    }
    assert_eq!(bytes, BYTES / size * size);
    writing.await.expect("no panic");
}

async fn records(worker: &Worker) {
    let channel: Channel<Record, Bincode> = worker.channel(None).await.expect("a channel");
    let (mut sender, mut receiver) = (channel.sender, channel.receiver);
    let sending = tokio::spawn(async move {
        for id in 0..RECORDS {
            sender
                .send(Record::new(id))
                .await
                .expect("the receiver is there");
        }
        sender.close().await.expect("the stream is whole");
    });
    let mut received = 0;
    while receiver
        .recv()
        .await
        .expect("the stream is whole")
        .is_some()
    {
        received += 1;
    }
    assert_eq!(received, RECORDS);
    sending.await.expect("no panic");
}

fn channels(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    for (place, worker) in runtime.block_on(workers()) {
        let mut group = criterion.benchmark_group(format!("channel, {place}"));
        group.sample_size(10);
        group.throughput(Throughput::Bytes(BYTES as u64));
        for size in FRAMES {
            group.bench_function(BenchmarkId::new("frames", size), |bencher| {
                bencher.to_async(&runtime).iter(|| frames(&worker, size));
            });
        }
        group.throughput(Throughput::Elements(RECORDS));
        group.bench_function(BenchmarkId::new("records", "bincode"), |bencher| {
            bencher.to_async(&runtime).iter(|| records(&worker));
        });
        group.finish();
    }
}

criterion_group!(benches, channels);
criterion_main!(benches);
