//! The latency of an item from `send` to its receiver, in a process with an engine: alone, in a
//! burst, and from a task that computes for 20 ms between its items.
//!
//! Sender and receiver have separate runtimes, so that a sender that computes does not delay its
//! receiver.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use futures::{SinkExt, stream};
use pipewright::{
    Address, Channel, Engine, ReaderRef, Receiver, Sender, StageRequest,
    StreamChannelRef, Worker, pipeline_stage,
};
use tokio::runtime::{Builder, Runtime};

const BURST: usize = 100;
const MILLI: Duration = Duration::from_millis(1);

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Sends items that contain their send time.
async fn send(mut sender: Sender<u64>, case: &'static str, begun: Instant) {
    let now = || u64::try_from(begun.elapsed().as_nanos()).unwrap();
    sender.send(now()).await.unwrap();
    sender.flush().await.unwrap();
    tokio::time::sleep(20 * MILLI).await;
    for _ in 0..50 {
        match case {
            "single" => {
                sender.send(now()).await.unwrap();
                tokio::time::sleep(5 * MILLI).await;
            }
            "burst" => {
                for _ in 0..BURST {
                    sender.send(now()).await.unwrap();
                }
                tokio::time::sleep(10 * MILLI).await;
            }
            "computing, send" => {
                compute();
                sender.send(now()).await.unwrap();
            }
            _ => {
                let computed = (0..50).map(|_| {
                    compute();
                    Ok(now())
                });
                let mut computed = stream::iter(computed);
                sender.send_all(&mut computed).await.unwrap();
                break;
            }
        }
    }
    sender.close().await.unwrap();
}

fn compute() {
    let until = Instant::now() + 20 * MILLI;
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Synchronous code, which never waits.
#[pipeline_stage(id = "bench::computes")]
fn computes(_: u64) -> u64 {
    compute();
    u64::try_from(BEGUN.elapsed().as_nanos()).unwrap()
}

/// Runs the stage in the runtime of the sender, as far as possible without other threads.
async fn run_stage(address: &Address, output: StreamChannelRef) {
    let worker = Worker::builder(address.clone()).connect().await.unwrap();
    worker.register(computes).unwrap();
    worker.registered().await.unwrap();
    let input: Channel<u64> = worker.channel(None).await.unwrap();
    let mut sender = input.sender;
    let sending = tokio::spawn(async move {
        for n in 0..51 {
            sender.send(n).await.unwrap();
        }
        sender.close().await.unwrap();
    });
    let mut request = StageRequest::default();
    request.reader_ref = Some(input.reader_ref.into_inner());
    request.writer_ref = Some(output);
    let trigger = worker.trigger("bench::computes", &request);
    trigger.timeout(60_000 * MILLI).await.unwrap();
    sending.await.unwrap();
}

/// The latencies of all items except the first.
async fn receive(mut receiver: Receiver<u64>, begun: Instant) -> Vec<Duration> {
    let mut latencies = Vec::new();
    while let Some(sent) = receiver.recv().await.unwrap() {
        latencies.push(begun.elapsed().saturating_sub(Duration::from_nanos(sent)));
    }
    latencies.remove(0);
    latencies
}

fn measure(runtime: Runtime, address: &Address, channel: Channel<u64>, case: &'static str) {
    let begun = *BEGUN;
    let reader_ref: ReaderRef<u64> = channel.reader_ref.clone();
    let there = address.clone();
    let receiving = std::thread::spawn(move || {
        current_thread().block_on(async move { receive(reader_ref.open(&there), begun).await })
    });
    let name = match runtime.handle().runtime_flavor() {
        tokio::runtime::RuntimeFlavor::CurrentThread => "current_thread",
        _ => "multi_thread",
    };
    runtime.block_on(async {
        if case == "computing, stage" {
            let output = channel.writer_ref.into_inner();
            drop(channel.sender);
            let address = address.clone();
            tokio::spawn(async move { run_stage(&address, output).await })
                .await
                .unwrap();
        } else {
            tokio::spawn(send(channel.sender, case, begun))
                .await
                .unwrap();
        }
    });
    let mut latencies = receiving.join().unwrap();
    latencies.sort();
    let at = |share: usize| latencies[(latencies.len() - 1) * share / 100];
    println!(
        "| {case} | {name} | {:?} | {:?} | {:?} |",
        at(50),
        at(99),
        at(100)
    );
}

fn main() {
    let house = multi_thread();
    let engine = house.block_on(async {
        Engine::builder()
            .listen("127.0.0.1:0")
            .start()
            .await
            .unwrap()
    });
    println!("| items | runtime of the sender | median | 99 % | longest |\n|---|---|---|---|---|");
    for case in [
        "single",
        "burst",
        "computing, send",
        "computing, send_all",
        "computing, stage",
    ] {
        for runtime in [current_thread(), multi_thread()] {
            let url = engine.url().expect("it listens").to_string();
            let address: Address = url.parse().unwrap();
            let worker =
                house.block_on(async { Worker::builder(address.clone()).connect().await.unwrap() });
            let channel = house.block_on(async { worker.channel(None).await.unwrap() });
            measure(runtime, &address, channel, case);
        }
    }
}
