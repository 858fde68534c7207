//! The cost of an idle sender.

use std::time::Duration;

use pipewright::Channel;
use tokio::runtime::{Builder, Handle, RuntimeMetrics};
use tokio::task::yield_now;

use crate::support::{FAILED, House, within};

/// Runs a test with a clock that advances only when all tasks wait. A spinning task would stop it.
fn with_paused_clock(test: impl AsyncFnOnce(RuntimeMetrics)) {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async { test(Handle::current().metrics()).await });
}

#[test]
fn an_idle_sender_costs_no_time() {
    with_paused_clock(async |metrics| {
        let Some(house) = House::in_process().await else {
            return;
        };
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        for n in 0..3 {
            sender.send(n).await.unwrap();
            assert_eq!(receiver.recv().await.unwrap(), Some(n));
        }
        let before = metrics.worker_park_count(0);
        tokio::time::sleep(Duration::from_secs(10)).await;
        let with_sender = metrics.worker_park_count(0) - before;
        drop((sender, receiver));
        // The worker and the engine have timers of their own, so compare with the time without a
        // sender.
        while metrics.num_alive_tasks() > 20 {
            yield_now().await;
        }
        let before = metrics.worker_park_count(0);
        tokio::time::sleep(Duration::from_secs(10)).await;
        let without = metrics.worker_park_count(0) - before;
        assert!(
            with_sender <= without + 20,
            "{with_sender}, {without} without"
        );
    });
}

#[test]
fn sender_waiting_for_a_slow_receiver_uses_no_cpu() {
    with_paused_clock(async |metrics| {
        let Some(house) = House::in_process().await else {
            return;
        };
        let channel: Channel<String> = house.worker.channel(1).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        let sending = tokio::spawn(async move {
            for _ in 0..100 {
                sender.send("x".repeat(10_000)).await.unwrap();
            }
            sender.close().await.unwrap();
        });
        assert!(receiver.recv().await.unwrap().is_some());
        let before = metrics.worker_park_count(0);
        tokio::time::sleep(Duration::from_secs(10)).await;
        let parked = metrics.worker_park_count(0) - before;
        assert!(parked < 50, "{parked} turns");
        while receiver.recv().await.unwrap().is_some() {}
        sending.await.unwrap();
    });
}

#[test]
fn sender_without_an_engine_fails_and_uses_no_cpu() {
    with_paused_clock(async |metrics| {
        let Some(house) = House::in_process().await else {
            return;
        };
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        sender.send(1).await.unwrap();
        assert_eq!(receiver.recv().await.unwrap(), Some(1));
        drop((house.worker, house.engine));
        assert!(receiver.recv().await.is_err());
        let before = metrics.worker_park_count(0);
        tokio::time::sleep(Duration::from_secs(10)).await;
        let parked = metrics.worker_park_count(0) - before;
        assert!(parked < 50, "{parked} turns");
        let failed = async {
            loop {
                match sender.send(2).await {
                    Ok(()) => yield_now().await,
                    Err(error) => break error,
                }
            }
        };
        assert_eq!(within(failed).await.into_item(), Some(2));
    });
}

/// Waits until the runtime has as few tasks as before.
async fn settled(metrics: &RuntimeMetrics, wanted: usize) {
    let settled = async {
        while metrics.num_alive_tasks() > wanted {
            yield_now().await;
        }
    };
    let settled = tokio::time::timeout(FAILED, settled).await;
    assert!(settled.is_ok(), "{} tasks", metrics.num_alive_tasks());
}

#[tokio::test]
async fn the_task_behind_a_sender_ends_with_it() {
    let metrics = Handle::current().metrics();
    let Some(house) = House::in_process().await else {
        return;
    };
    let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
    let before = metrics.num_alive_tasks();
    let (mut sender, mut receiver) = (channel.sender, channel.receiver);
    sender.send(1).await.unwrap();
    assert_eq!(receiver.recv().await.unwrap(), Some(1));
    assert!(metrics.num_alive_tasks() > before);
    sender.close().await.unwrap();
    drop(sender);
    assert_eq!(receiver.recv().await.unwrap(), None);
    settled(&metrics, before).await;

    // A sender that is dropped in the middle of its stream stops its task as well.
    let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
    let (mut sender, mut receiver) = (channel.sender, channel.receiver);
    sender.send(1).await.unwrap();
    drop(sender);
    while let Ok(Some(_)) = receiver.recv().await {}
    settled(&metrics, before).await;
}
