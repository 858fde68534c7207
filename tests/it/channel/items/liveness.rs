//! An item is sent within two milliseconds. A sender that computes keeps its heartbeats, its
//! neighbours and its cancellation alive.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use futures::SinkExt;
use pipewright::format::Json;
use pipewright::{Address, Channel, Pipeline, Receiver, Sender, pipeline_stage};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

use crate::support::{House, over_both, within};

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// The address of the engine over a socket, with this heartbeat interval.
fn beating(house: &House, every: Duration) -> Address {
    house.engine.address().heartbeat(every, 10 * SECOND)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn computing_sender_is_not_declared_lost() {
    let house = House::new().await;
    let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
    let mut sender: Sender<u32> = channel.writer_ref.open(&beating(&house, 200 * MILLI));
    let mut receiver = channel.receiver;
    sender.flush().await.unwrap();
    let sending = tokio::spawn(async move {
        for number in 0..100 {
            std::thread::sleep(20 * MILLI);
            sender.send(number).await.unwrap();
        }
        sender.close().await.unwrap();
    });
    let begun = Instant::now();
    for number in 0..100 {
        let received = within(receiver.recv()).await;
        let after = begun.elapsed();
        if number == 0 {
            println!("the first item after {after:?}");
        }
        assert!(received.is_ok(), "{received:?} after {after:?}");
    }
    within(sending).await.unwrap();
}

#[tokio::test]
async fn sender_that_never_waits_gives_way_to_others() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        sender.flush().await.unwrap();
        let sent = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&sent);
        let receiving = tokio::spawn(async move {
            receiver.recv().await.unwrap();
            let sent = seen.load(SeqCst);
            while receiver.recv().await.unwrap().is_some() {}
            sent
        });
        for number in 0..600 {
            std::thread::sleep(MILLI / 10);
            sender.send(number).await.unwrap();
            sent.fetch_add(1, SeqCst);
        }
        sender.close().await.unwrap();
        // tokio's own channels yield after 128 operations.
        let sent = within(receiving).await.unwrap();
        assert!(sent < 500, "the first item came after {sent} were sent");
    })
    .await;
}

#[pipeline_stage(id = "test::computes")]
fn computes(number: u32) -> u32 {
    work_on(number)
}

fn work_on(number: u32) -> u32 {
    std::thread::sleep(20 * MILLI);
    number
}

/// Runs a slow stage of plain code, which must succeed.
async fn run_slow<S, Form>(stage: S, address: Address, house: &House, items: u32)
where
    S: pipewright::IntoStage<Form>,
    S::Stage: pipewright::Stage<In = u32, Out = u32, InFormat = Json>,
{
    let worker = house.engine.worker(address).await;
    let run = Pipeline::from_iter(0..items).then(stage).start(&worker);
    let mut run = run.await.unwrap();
    let begun = Instant::now();
    let (mut first, mut received) = (None, 0);
    while let Some(item) = run.next().await {
        if item.is_ok() {
            first.get_or_insert_with(|| begun.elapsed());
            received += 1;
        }
    }
    let over = begun.elapsed();
    let report = run.report().await.map(|_| ());
    assert!(
        report.is_ok(),
        "first after {first:?}, {received} items, over after {over:?}: {report:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_stage_of_plain_code_is_not_declared_lost() {
    let house = House::new().await;
    let address = beating(&house, 200 * MILLI);
    timeout(30 * SECOND, run_slow(computes, address, &house, 200))
        .await
        .unwrap();
}

static COUNTED: AtomicU64 = AtomicU64::new(0);

#[pipeline_stage(id = "test::computes_and_counts")]
fn computes_and_counts(number: u32) -> u32 {
    COUNTED.fetch_add(1, SeqCst);
    work_on(number)
}

/// Counts instead of measuring time: how soon a runtime sees an arrival while plain code blocks one
/// of its threads depends on the machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn items_of_plain_code_come_out_while_it_works() {
    let house = House::new().await;
    let run = Pipeline::from_iter(0..200_u32).then(computes_and_counts);
    let mut run = run.start(&house.worker).await.unwrap();
    within(run.next()).await.unwrap().unwrap();
    let counted = COUNTED.load(SeqCst);
    assert!(counted < 100, "the first of 200 items came after {counted}");
}

fn runtimes() -> [Runtime; 2] {
    let mut multi = Builder::new_multi_thread();
    [
        Builder::new_current_thread().enable_all().build().unwrap(),
        multi.worker_threads(2).enable_all().build().unwrap(),
    ]
}

/// Receives on a separate thread. Returns the arrival time of each item.
fn receiving(address: Address, channel: &Channel<u32>) -> std::thread::JoinHandle<Vec<Instant>> {
    let reader_ref = channel.reader_ref.clone();
    std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut receiver: Receiver<u32> = reader_ref.open(&address);
            let mut times = Vec::new();
            while let Some(number) = within(receiver.recv()).await.unwrap() {
                assert_eq!(number as usize, times.len());
                times.push(Instant::now());
            }
            times
        })
    })
}

/// A sender whose code blocks its thread. Returns the longest delay of an item.
async fn send_in_bursts(mut sender: Sender<u32>, burst: u32) -> Vec<Instant> {
    let mut times = Vec::new();
    sender.flush().await.unwrap();
    for number in 0..10 * burst {
        if number % burst == 0 {
            std::thread::sleep(100 * MILLI);
        }
        times.push(Instant::now());
        sender.send(number).await.unwrap();
    }
    sender.close().await.unwrap();
    times
}

/// The median counts, because a busy machine is sometimes late.
fn median(sent: &[Instant], received: &[Instant]) -> Duration {
    let mut waits: Vec<_> = std::iter::zip(sent, received)
        .map(|(sent, received)| received.saturating_duration_since(*sent))
        .collect();
    waits.sort();
    waits[waits.len() / 2]
}

#[test]
fn item_after_blocking_code_is_sent_immediately() {
    let outside = Builder::new_multi_thread().enable_all().build().unwrap();
    for runtime in runtimes() {
        let house = outside.block_on(House::new());
        let channel: Channel<u32> = outside.block_on(house.worker.channel(None)).unwrap();
        let receiving = receiving(house.address().clone(), &channel);
        let sender = channel.sender;
        let sent =
            runtime.block_on(async { tokio::spawn(send_in_bursts(sender, 1)).await.unwrap() });
        let received = receiving.join().unwrap();
        let waited = median(&sent, &received);
        assert!(waited < 50 * MILLI, "{waited:?}");
        outside.block_on(async { drop(house) });
    }
}

#[test]
fn rest_of_a_burst_goes_out_while_the_sender_computes() {
    let outside = Builder::new_multi_thread().enable_all().build().unwrap();
    let [_, runtime] = runtimes();
    let house = outside.block_on(House::new());
    let channel: Channel<u32> = outside.block_on(house.worker.channel(None)).unwrap();
    let receiving = receiving(house.address().clone(), &channel);
    let sender = channel.sender;
    let sent = runtime.block_on(async { tokio::spawn(send_in_bursts(sender, 100)).await.unwrap() });
    let received = receiving.join().unwrap();
    let waited = median(&sent, &received);
    assert!(waited < 50 * MILLI, "{waited:?}");
    outside.block_on(async { drop(house) });
}

#[tokio::test]
async fn ends_that_are_always_ready_let_a_timeout_end_them() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        let sending = async {
            loop {
                sender.send(1).await.unwrap();
            }
        };
        let receiving = async {
            loop {
                receiver.recv().await.unwrap();
            }
        };
        let both = futures::future::join(sending, receiving);
        let begun = Instant::now();
        let ended: Result<((), ()), _> = timeout(100 * MILLI, both).await;
        assert!(ended.is_err() && begun.elapsed() < 10 * SECOND);
    })
    .await;
}

/// Long frames, so that the reader always has some available.
#[tokio::test]
async fn reader_that_is_always_ready_gives_way_to_others() {
    let Some(house) = House::in_process().await else {
        return;
    };
    let channel = house.channel().await;
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    writer.write(vec![0; 1 << 20]).await.unwrap();
    writer.flush().await.unwrap();
    let turns = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&turns);
    tokio::spawn(async move {
        loop {
            counted.fetch_add(1, SeqCst);
            tokio::task::yield_now().await;
        }
    });
    let mut byte = [0];
    for _ in 0..10_000 {
        tokio::io::AsyncReadExt::read_exact(&mut reader, &mut byte)
            .await
            .unwrap();
    }
    assert!(turns.load(SeqCst) >= 10);
    sleep(Duration::ZERO).await;
}

/// On a single thread, whose tasks cannot run elsewhere.
#[tokio::test]
async fn code_that_computes_between_items_gives_way_to_others() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        let mut computed = 0;
        let items = std::iter::from_fn(|| {
            computed += 1;
            (computed <= 60).then(|| Ok(work_on(computed)))
        });
        let mut items = futures::stream::iter(items);
        let sending = async {
            sender.send_all(&mut items).await.unwrap();
            Instant::now()
        };
        let receiving = tokio::spawn(async move {
            receiver.recv().await.unwrap();
            receiver.recv().await.unwrap();
            (Instant::now(), receiver)
        });
        let sent = within(sending).await;
        let (received, _receiver) = within(receiving).await.unwrap();
        assert!(
            received + 30 * 20 * MILLI < sent,
            "{:?} before the end",
            sent - received
        );
    })
    .await;
}
