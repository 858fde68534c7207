//! A single item arrives without a flush: on both flavours of the runtime, from a task and from
//! `block_on`.

use futures::FutureExt;
use pipewright::format::Compression;
use pipewright::{Channel, Receiver, Sender};
use tokio::runtime::{Builder, Runtime};

use crate::support::{House, within};

fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_current_thread().enable_all().build().unwrap(),
        Builder::new_multi_thread().enable_all().build().unwrap(),
    ]
}

/// Single items, and bursts of two and three.
async fn to_and_fro(
    mut sender: Sender<u32>,
    mut receiver: Receiver<u32>,
) -> (Sender<u32>, Receiver<u32>) {
    let mut next = 0;
    for burst in [1, 1, 1, 2, 3, 1, 2] {
        for n in next..next + burst {
            sender.send(n).await.unwrap();
        }
        for n in next..next + burst {
            assert_eq!(within(receiver.recv()).await.unwrap(), Some(n));
        }
        next += burst;
    }
    (sender, receiver)
}

async fn channel(house: &House) -> Channel<u32> {
    house.worker.channel(None).await.unwrap()
}

#[test]
fn from_block_on() {
    for runtime in runtimes() {
        for house in runtime.block_on(House::both()) {
            runtime.block_on(async {
                let channel = channel(&house).await;
                to_and_fro(channel.sender, channel.receiver).await;
            });
        }
    }
}

#[test]
fn from_a_task() {
    for runtime in runtimes() {
        for house in runtime.block_on(House::both()) {
            runtime.block_on(async {
                let channel = channel(&house).await;
                tokio::spawn(to_and_fro(channel.sender, channel.receiver))
                    .await
                    .unwrap();
            });
        }
    }
}

#[test]
fn compressed() {
    for runtime in runtimes() {
        for compression in [Compression::ZSTD, Compression::Lz4] {
            runtime.block_on(async {
                let house = House::new().await;
                let channel = channel(&house).await;
                let sender = channel.sender.compressed(compression);
                to_and_fro(sender, channel.receiver).await;
            });
        }
    }
}

/// The sender moves to a thread without a runtime after its first item.
#[test]
fn from_a_thread_without_a_runtime() {
    for runtime in runtimes() {
        let Some(house) = runtime.block_on(House::in_process()) else {
            return;
        };
        let channel = runtime.block_on(channel(&house));
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        runtime.block_on(async { sender.send(0).await.unwrap() });
        let (go_on, told) = std::sync::mpsc::channel();
        let sending = std::thread::spawn(move || {
            for n in 1..10 {
                let received: u32 = told.recv().unwrap();
                assert_eq!(received, n - 1);
                // There is room, so `send` does not have to wait.
                sender.send(n).now_or_never().unwrap().unwrap();
            }
            sender
        });
        runtime.block_on(async {
            for n in 0..9 {
                assert_eq!(within(receiver.recv()).await.unwrap(), Some(n));
                go_on.send(n).unwrap();
            }
            assert_eq!(within(receiver.recv()).await.unwrap(), Some(9));
        });
        let sender = sending.join().unwrap();
        runtime.block_on(async { drop((sender, house)) });
    }
}
