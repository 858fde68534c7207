//! How long an item takes from `send` to its receiver, in a process with an engine: alone, in a
//! burst, and from a task that computes for 20 ms between its items.
//!
//! Sender and receiver have runtimes of their own, so that a sender that computes does not hold
//! its receiver up.

use std::time::{Duration, Instant};

use pipewright::{Address, Channel, Engine, ReaderRef, Receiver, Sender, Worker};
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

/// Sends items that say when they were sent.
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
            _ => {
                let until = Instant::now() + 20 * MILLI;
                while Instant::now() < until {
                    std::hint::spin_loop();
                }
                sender.send(now()).await.unwrap();
            }
        }
    }
    sender.close().await.unwrap();
}

/// Latencies of all items but the first.
async fn receive(mut receiver: Receiver<u64>, begun: Instant) -> Vec<Duration> {
    let mut latencies = Vec::new();
    while let Some(sent) = receiver.recv().await.unwrap() {
        latencies.push(begun.elapsed().saturating_sub(Duration::from_nanos(sent)));
    }
    latencies.remove(0);
    latencies
}

fn measure(runtime: Runtime, address: &Address, channel: Channel<u64>, case: &'static str) {
    let begun = Instant::now();
    let reader_ref: ReaderRef<u64> = channel.reader_ref.clone();
    let address = address.clone();
    let receiving = std::thread::spawn(move || {
        current_thread().block_on(async move { receive(reader_ref.open(&address), begun).await })
    });
    let name = match runtime.handle().runtime_flavor() {
        tokio::runtime::RuntimeFlavor::CurrentThread => "current_thread",
        _ => "multi_thread",
    };
    runtime.block_on(async {
        tokio::spawn(send(channel.sender, case, begun))
            .await
            .unwrap();
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
    for case in ["single", "burst", "computing"] {
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
