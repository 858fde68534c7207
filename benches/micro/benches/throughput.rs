//! Processor time per item over a socket: engine, sender and receiver have a thread and a runtime
//! each. Prints the median of the rounds, in nanoseconds. The number of items can be given as an
//! argument; counting instructions under valgrind needs fewer.
//!
//! To compare two versions, build both and run them alternately: times on a shared machine drift.

use std::time::Instant;

use pipewright::format::{Bincode, Decode, Encode, Json};
use pipewright::{Address, Channel, Engine, ReaderRef, Worker, WriterRef};
use pipewright_micro::Record;
use tokio::runtime::{Builder, Runtime};

const ITEMS: u64 = 1_000_000;
const ROUNDS: usize = 5;

/// The first argument that is a number, or else [`ITEMS`].
fn items() -> u64 {
    std::env::args()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(ITEMS)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Nanoseconds of processor time of this thread; the kernel counts them on Linux only.
fn thread_time() -> f64 {
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = counted.split_whitespace().next();
    first.and_then(|text| text.parse().ok()).unwrap_or_default()
}

async fn send<F: Encode<Record>>(writer_ref: WriterRef<Record, F>, address: Address) -> f64 {
    let mut sender = writer_ref.open(&address);
    sender.flush().await.unwrap();
    let begun = thread_time();
    for id in 0..items() {
        sender.send(Record::new(id)).await.unwrap();
    }
    sender.close().await.unwrap();
    thread_time() - begun
}

async fn receive<F: Decode<Record>>(reader_ref: ReaderRef<Record, F>, address: Address) -> f64 {
    let mut receiver = reader_ref.open(&address);
    let begun = thread_time();
    let mut received = 0;
    while receiver.recv().await.unwrap().is_some() {
        received += 1;
    }
    assert_eq!(received, items());
    thread_time() - begun
}

/// One stream. Returns the sender's, the receiver's and the elapsed time per item.
fn round<F>(channel: Channel<Record, F>, address: &Address) -> [f64; 3]
where
    F: Encode<Record> + Decode<Record>,
{
    let (writer_ref, reader_ref) = (channel.writer_ref, channel.reader_ref);
    let (there, here) = (address.clone(), address.clone());
    let begun = Instant::now();
    let sending = std::thread::spawn(move || {
        runtime().block_on(async { tokio::spawn(send(writer_ref, there)).await.unwrap() })
    });
    let receiving = std::thread::spawn(move || {
        runtime().block_on(async { tokio::spawn(receive(reader_ref, here)).await.unwrap() })
    });
    let (sent, received) = (sending.join().unwrap(), receiving.join().unwrap());
    let clock = begun.elapsed().as_secs_f64() * 1e9;
    [sent, received, clock].map(|nanos| nanos / items() as f64)
}

fn measure<F>(format: &str, house: &Runtime, worker: &Worker, address: &Address)
where
    F: Encode<Record> + Decode<Record>,
{
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let channel = house.block_on(async { worker.channel(None).await.unwrap() });
        rounds.push(round::<F>(channel, address));
    }
    let median = |at: usize| {
        let mut times: Vec<f64> = rounds.iter().map(|round| round[at]).collect();
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    };
    let [sent, received, clock] = [0, 1, 2].map(median);
    println!("| {format} | {sent:.1} | {received:.1} | {clock:.1} |");
}

fn main() {
    let mut house = Builder::new_multi_thread();
    let house = house.worker_threads(1).enable_all().build().unwrap();
    let engine = house.block_on(async {
        let engine = Engine::builder().listen("127.0.0.1:0").start();
        engine.await.unwrap()
    });
    let url = engine.url().expect("it listens").to_string();
    let address: Address = url.parse().unwrap();
    let worker = house.block_on(async { Worker::connect(url.as_str()).await.unwrap() });
    println!("| format | sender, ns | receiver, ns | clock, ns |\n|---|---|---|---|");
    measure::<Json>("Json", &house, &worker, &address);
    measure::<Bincode>("Bincode", &house, &worker, &address);
}
