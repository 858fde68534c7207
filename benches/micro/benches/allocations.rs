//! Allocations per item in this process. It is a count and not a time, so it is the same in every
//! run, apart from allocations of the runtime.
//!
//! The only place with `unsafe` code, which a global allocator requires.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use pipewright::format::{Bincode, Encode, Json};
use pipewright::{Channel, Pipeline, Worker, pipeline_stage};
use pipewright_micro::Record;

/// Counts the calls that allocate.
struct Counting;

static COUNT: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is forwarded unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.fetch_add(1, Relaxed);
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ITEMS: u64 = 100_000;

#[pipeline_stage]
fn added(number: u64) -> u64 {
    number.wrapping_add(1)
}

#[pipeline_stage]
async fn added_later(number: u64) -> u64 {
    number.wrapping_add(1)
}

async fn fused() {
    let pipeline = Pipeline::from_iter(0..ITEMS)
        .then(added)
        .then(added)
        .then(added)
        .then(added);
    let report = pipeline
        .run_local()
        .report()
        .await
        .expect("the stages do not fail");
    assert_eq!(report.stages.len(), 5);
}

async fn fused_async() {
    let pipeline = Pipeline::from_iter(0..ITEMS)
        .then(added_later)
        .then(added_later);
    let report = pipeline
        .run_local()
        .report()
        .await
        .expect("the stages do not fail");
    assert_eq!(report.stages.len(), 3);
}

async fn bytes(worker: &Worker) {
    let channel = worker.create_channel(None).await.expect("a channel");
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    let writing = tokio::spawn(async move {
        let frame = Bytes::from(vec![7; 1 << 10]);
        for _ in 0..ITEMS {
            writer
                .send_frame(frame.clone())
                .await
                .expect("the reader is there");
        }
        writer.close().await.expect("the stream is whole");
    });
    while reader
        .next_bytes()
        .await
        .expect("the stream is whole")
        .is_some()
    {}
    writing.await.expect("no panic");
}

async fn records<F>(worker: &Worker)
where
    F: Encode<Record> + pipewright::format::Decode<Record>,
{
    let channel: Channel<Record, F> = worker.channel(None).await.expect("a channel");
    let (mut sender, mut receiver) = (channel.sender, channel.receiver);
    let sending = tokio::spawn(async move {
        for id in 0..ITEMS {
            sender
                .send(Record::new(id))
                .await
                .expect("the receiver is there");
        }
        sender.close().await.expect("the stream is whole");
    });
    while receiver
        .recv()
        .await
        .expect("the stream is whole")
        .is_some()
    {}
    sending.await.expect("no panic");
}

async fn count(name: &str, run: impl Future<Output = ()>) {
    let before = COUNT.load(Relaxed);
    run.await;
    let each = (COUNT.load(Relaxed) - before) as f64 / ITEMS as f64;
    println!("| {name} | {each:.3} |");
}

#[tokio::main]
async fn main() {
    println!("| what | allocations an item |");
    println!("|---|---|");
    count("four fused stages", fused()).await;
    count("two fused async stages", fused_async()).await;
    let worker = Worker::embedded().await.expect("an embedded engine");
    count("frames of 1 KiB in memory", bytes(&worker)).await;
    // Two on each side belong to the record itself.
    count("records in memory, Json", records::<Json>(&worker)).await;
    count("records in memory, Bincode", records::<Bincode>(&worker)).await;
}
