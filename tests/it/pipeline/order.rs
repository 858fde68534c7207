//! The order of a stream across copies of a stage.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use futures::{StreamExt, stream};
use pipewright::{
    Engine, Error, Invocation, Pipeline, Receiver, Result, Sender, StageError, StageExt,
    StageRequest, Worker, pipeline_stage, remote,
};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::stages::{double, sums};
use super::{House, run_all_ways};
use crate::support::FAILED;

/// Reads eight items before it outputs the first one, as a prefetch does.
#[pipeline_stage(id = "test::reads_ahead")]
async fn reads_ahead(input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    let mut items = input.map(async |n| n).buffered(8);
    while let Some(n) = items.next().await {
        output.send(n?).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_stage_that_reads_ahead_keeps_the_order() {
    let ran = run_all_ways(|| Pipeline::from_iter(0..500_u64).parallel_ordered(4, reads_ahead));
    for (items, report) in ran.await {
        assert!(report.unwrap().stages.len() > 2);
        assert_eq!(items, (0..500).collect::<Vec<_>>());
    }
}

static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Outputs the result for an item before it receives the next one.
#[pipeline_stage(id = "test::declared", ordered)]
async fn declared(mut input: Receiver<u64>, mut output: Sender<(u64, usize)>) -> Result<()> {
    let copy = RUNNING.fetch_add(1, SeqCst);
    while let Some(n) = input.recv().await? {
        output.send((n, copy)).await?;
        output.send((n, copy)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_stage_that_declares_order_runs_in_copies() {
    let ran = run_all_ways(|| Pipeline::from_iter(0..500_u64).parallel_ordered(3, declared));
    for (items, report) in ran.await {
        report.unwrap();
        let expected: Vec<_> = (0..500).flat_map(|n| [n, n]).collect();
        assert_eq!(items.iter().map(|(n, _)| *n).collect::<Vec<_>>(), expected);
        let copies: BTreeSet<_> = items.into_iter().map(|(_, copy)| copy).collect();
        assert_eq!(copies.len(), 3);
    }
}

#[pipeline_stage(id = "test::unordered", concurrency = 4, unordered)]
async fn unordered(n: u64) -> u64 {
    n
}

#[tokio::test]
async fn ordered_copies_of_an_unordered_stage_are_refused() {
    let ran = run_all_ways(|| Pipeline::from_iter(0..500_u64).parallel_ordered(3, unordered));
    for (items, report) in ran.await {
        let error = report.unwrap_err();
        assert_eq!(error.first_cause().code, StageError::UNORDERED, "{error}");
        assert_eq!(
            error.first_cause().stage.as_deref(),
            Some("test::unordered")
        );
        assert!(items.is_empty());
    }
}

/// A function without pipewright: it copies the data and drops the messages.
async fn plain(request: StageRequest, invocation: Invocation) -> Result<Value> {
    let worker = invocation.worker();
    let (Some(reader), Some(writer)) = (request.reader_ref, request.writer_ref) else {
        return Err(Error::msg("it needs both refs"));
    };
    let (mut reader, mut writer) = (worker.reader(&reader), worker.writer(&writer).plain());
    tokio::io::copy(&mut reader, &mut writer).await?;
    writer.close().await?;
    Ok(json!({}))
}

#[tokio::test]
async fn ordered_copies_of_a_plain_function_are_refused() {
    let house = House::new().await;
    let far = house.worker().await;
    far.register_function("test::plain", plain).unwrap();
    far.registered().await.unwrap();
    let make = || {
        let numbers = stream::iter(0..20_u64).chain(stream::pending());
        Pipeline::source(numbers).parallel_ordered(4, remote::<u64, u64>("test::plain"))
    };
    for worker in house.workers().await {
        let fused = make().run_local_with(&worker).collect::<Vec<_>>();
        let over_channels = make().start(&worker).await.unwrap().collect::<Vec<_>>();
        for ran in [
            timeout(FAILED, fused).await,
            timeout(FAILED, over_channels).await,
        ] {
            let error = ran.expect("the run does not end").unwrap_err();
            assert_eq!(error.first_cause().code, StageError::UNORDERED, "{error}");
            assert!(error.to_string().contains("parallel"), "{error}");
        }
    }
    far.shutdown().await.unwrap();
    house.is_quiet().await;
}

#[tokio::test]
async fn stages_of_other_workers_declare_that_they_keep_order() {
    let house = House::new().await;
    let far = house.worker().await;
    far.register(double).unwrap();
    far.register(sums).unwrap();
    far.registered().await.unwrap();
    let worker = house.worker().await;
    let run = Pipeline::from_iter(0..300_u64)
        .parallel_ordered(3, remote::<u64, u64>("test::double"))
        .parallel_ordered(2, double.remote())
        .start(&worker)
        .await
        .unwrap();
    let items: Vec<u64> = run.collect().await.unwrap();
    assert_eq!(items, (0..300).map(|n| 4 * n).collect::<Vec<_>>());
    let run = Pipeline::from_iter(0..300_u64)
        .parallel_ordered(3, remote::<u64, u64>("test::sums"))
        .start(&worker)
        .await
        .unwrap();
    let error = run.collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.first_cause().code, StageError::UNORDERED, "{error}");
    far.shutdown().await.unwrap();
    house.is_quiet().await;
}

#[tokio::test]
async fn ordered_copies_go_on_after_a_pause_with_progress() {
    let pausing = || {
        stream::iter([0, 1_u64]).then(async |n| {
            sleep(Duration::from_millis(500 * n)).await;
            n
        })
    };
    let ran = run_all_ways(|| {
        Pipeline::source(pausing())
            .parallel_ordered(2, double)
            .progress_interval(Duration::from_millis(1))
    });
    for (items, report) in ran.await {
        report.unwrap();
        assert_eq!(items, [0, 2]);
    }
}

/// Takes longer for smaller items.
#[pipeline_stage(id = "test::uneven")]
async fn uneven(text: String) -> String {
    if text.len().is_multiple_of(3) {
        sleep(Duration::from_millis(5)).await;
    }
    text
}

#[tokio::test]
async fn ordered_copies_take_many_items_through_narrow_channels() {
    let engine = Engine::builder().in_process().max_channel_bytes(64 << 10);
    let engine = engine.start().await.unwrap();
    let worker = Worker::builder(engine.address()).connect().await.unwrap();
    let texts = || (0..400_usize).map(|n| "x".repeat((n % 7) * 16_000 + n));
    let run = Pipeline::from_iter(texts()).parallel_ordered(4, uneven);
    let run = run.start(&worker).await.unwrap();
    let items: Vec<String> = timeout(FAILED, run.collect()).await.unwrap().unwrap();
    assert!(items.into_iter().eq(texts()));
}
