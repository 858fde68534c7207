//! Cancellation, deadlines, failures and readers that leave reach every stage immediately.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use pipewright::pipeline::RunSource;
use pipewright::{
    Error, Pipeline, Receiver, Result, Run, RunError, Sender, StageContext, Worker, pipeline_stage,
};
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

use super::ran::{LONG, Ran, both_ways, ran, then_idle};

#[pipeline_stage(id = "supervision::pass")]
async fn pass(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    while let Some(n) = input.recv().await? {
        output.send(n).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "supervision::double")]
fn double(n: u64) -> u64 {
    n * 2
}

#[pipeline_stage(id = "supervision::first")]
async fn first(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    for _ in 0..5 {
        let Some(n) = input.recv().await? else { break };
        output.send(n).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "supervision::fails_at_three")]
fn fails_at_three(n: u64) -> Result<u64> {
    if n == 3 {
        return Err(Error::msg("three"));
    }
    Ok(n)
}

#[pipeline_stage(id = "supervision::takes_three")]
async fn takes_three(mut input: Receiver<u64>) -> Result<()> {
    for _ in 0..3 {
        input.recv().await?;
    }
    Ok(())
}

/// Holds its ends, and waits for another event that does not occur.
#[pipeline_stage(id = "supervision::waits")]
async fn waits(input: Receiver<u64>, output: Sender<u64>) -> Result<()> {
    let _held = (input, output);
    std::future::pending().await
}

#[tokio::test]
async fn an_idle_stage_gives_way_when_its_reader_leaves() {
    let numbers = || Pipeline::source(then_idle(0..5));
    for ran in both_ways(|| numbers().then(pass).then(first)).await {
        assert_eq!(ran, Ran::complete(0..5));
    }
    for ran in both_ways(|| numbers().then(pass).then(pass).then(double).then(first)).await {
        assert_eq!(ran, Ran::complete([0, 2, 4, 6, 8]));
    }
    for ran in both_ways(|| numbers().consume(takes_three)).await {
        assert_eq!(ran, Ran::complete([]));
    }
}

#[pipeline_stage(id = "supervision::leaves")]
async fn leaves(input: Receiver<u64>, output: Sender<u64>) {
    drop((input, output));
}

/// Receives nothing from the stage before it, not even a header.
#[tokio::test]
async fn a_stage_behind_a_silent_one_may_leave() {
    let numbers = || Pipeline::source(then_idle(0..5));
    for ran in both_ways(|| numbers().then(waits).then(leaves).then(double)).await {
        assert_eq!(ran, Ran::complete([]));
    }
}

#[tokio::test]
async fn run_ends_when_all_branches_leave_an_idle_source() {
    let make = || {
        Pipeline::source(then_idle(0..5))
            .then(pass)
            .broadcast()
            .branch(|numbers| numbers.then(first))
            .branch(|numbers| numbers.then(pass).then(first))
            .merge()
    };
    for mut ran in both_ways(make).await {
        ran.items.sort_unstable();
        assert_eq!(ran, Ran::complete([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]));
    }
}

#[tokio::test]
async fn a_failure_reaches_idle_and_waiting_stages_at_once() {
    let cause = "stage_failed in supervision::fails_at_three at 3: three";
    let numbers = || Pipeline::source(then_idle(0..5));
    let begin = Instant::now();
    for ran in both_ways(|| numbers().then(pass).then(fails_at_three)).await {
        assert_eq!((&*ran.end, ran.items), (cause, vec![0, 1, 2]));
    }
    for ran in both_ways(|| numbers().then(fails_at_three).then(waits)).await {
        assert_eq!(ran.end, cause);
    }
    for ran in both_ways(|| numbers().then(waits).merge(numbers().then(fails_at_three))).await {
        assert_eq!(ran.end, cause);
    }
    assert!(
        begin.elapsed() < Duration::from_secs(9),
        "{:?}",
        begin.elapsed()
    );
}

/// For each call, whether it was cancelled.
static TOLD: Mutex<BTreeMap<u64, bool>> = Mutex::new(BTreeMap::new());

#[pipeline_stage(id = "supervision::computes", blocking)]
fn computes_until_cancelled(n: u64, context: &StageContext) -> u64 {
    let begin = Instant::now();
    while !context.is_cancelled() && begin.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(5));
    }
    TOLD.lock().unwrap().insert(n, context.is_cancelled());
    n
}

#[pipeline_stage(id = "supervision::fails")]
async fn fails(_n: u64) -> Result<u64> {
    sleep(Duration::from_millis(200)).await;
    Err(Error::msg("fails"))
}

/// Waits until the call for item `n` has ended. Returns whether it was cancelled.
async fn told(n: u64) -> bool {
    let told = async {
        loop {
            if let Some(told) = TOLD.lock().unwrap().get(&n) {
                return *told;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, told).await.expect("the call never ended")
}

/// Starts a run with the call for item `n`, and drops the run.
async fn dropped(mut run: Run<impl RunSource<Item = u64>>) {
    let _ = timeout(Duration::from_millis(300), run.next()).await;
}

#[tokio::test]
async fn a_blocking_call_sees_that_its_run_was_dropped() {
    let make = |n: u64| Pipeline::from_iter([n]).then(computes_until_cancelled);
    dropped(make(1).run_local()).await;
    let worker = Worker::embedded().await.unwrap();
    dropped(make(2).start(&worker).await.unwrap()).await;
    assert_eq!((told(1).await, told(2).await), (true, true));
}

#[tokio::test]
async fn a_blocking_call_sees_that_its_run_is_overdue() {
    let worker = Worker::embedded().await.unwrap();
    let make = |n: u64| {
        let run = Pipeline::from_iter([n]).then(computes_until_cancelled);
        run.deadline(Duration::from_millis(200))
    };
    assert!(ran(make(3).run_local()).await.failed());
    assert!(ran(make(4).start(&worker).await.unwrap()).await.failed());
    assert_eq!((told(3).await, told(4).await), (true, true));
}

#[tokio::test]
async fn a_blocking_call_sees_that_its_run_has_failed() {
    let worker = Worker::embedded().await.unwrap();
    let make = |n: u64| {
        Pipeline::from_iter([n])
            .broadcast()
            .branch(|numbers| numbers.then(computes_until_cancelled))
            .branch(|numbers| numbers.then(fails))
            .merge()
    };
    assert!(ran(make(5).run_local()).await.failed());
    assert!(ran(make(6).start(&worker).await.unwrap()).await.failed());
    assert_eq!((told(5).await, told(6).await), (true, true));
}

#[tokio::test]
async fn a_deadline_holds_while_items_are_ready() {
    async fn overdue(mut run: Run<impl RunSource<Item = String>>) -> bool {
        sleep(Duration::from_millis(200)).await;
        // 192 MiB, more than the channels hold.
        for _ in 0..3_000 {
            if let Some(Err(error)) = run.next().await {
                return error.is_deadline();
            }
        }
        false
    }
    let text = "x".repeat(64 << 10);
    let make = || {
        let text = text.clone();
        let texts = std::iter::repeat_with(move || text.clone());
        Pipeline::from_iter(texts).deadline(Duration::from_millis(50))
    };
    let worker = Worker::embedded().await.unwrap();
    assert!(overdue(make().start(&worker).await.unwrap()).await);
    assert!(overdue(make().run_local()).await);
}

#[test]
fn run_with_a_deadline_can_be_created_without_a_runtime() {
    let run = Pipeline::from_iter(0..3_u64).deadline(LONG).run_local();
    let items = Runtime::new().unwrap().block_on(run.collect::<Vec<_>>());
    assert_eq!(items.unwrap(), [0, 1, 2]);
}

/// Slow synchronous code that keeps no item.
#[pipeline_stage(id = "supervision::keeps_nothing")]
fn keeps_nothing(_: &u64) -> bool {
    std::thread::sleep(Duration::from_millis(20));
    false
}

#[pipeline_stage(id = "supervision::slow")]
fn slow(n: u64) -> u64 {
    std::thread::sleep(Duration::from_millis(20));
    n
}

#[tokio::test]
async fn a_deadline_holds_while_plain_code_computes() {
    let worker = Worker::embedded().await.unwrap();
    let deadline = Duration::from_millis(300);
    let numbers = || Pipeline::from_iter(0..500_u64).deadline(deadline);
    let begin = Instant::now();
    let overdue = |ended: Result<_, RunError>| assert!(ended.is_err_and(|end| end.is_deadline()));
    overdue(numbers().then(slow).run_local().report().await);
    overdue(numbers().then(slow).then(pass).run_local().report().await);
    overdue(numbers().then(keeps_nothing).run_local().report().await);
    for way in 0..3 {
        let ended = match way {
            0 => {
                numbers()
                    .then(slow)
                    .start(&worker)
                    .await
                    .unwrap()
                    .report()
                    .await
            }
            1 => {
                numbers()
                    .then(slow)
                    .then(pass)
                    .start(&worker)
                    .await
                    .unwrap()
                    .report()
                    .await
            }
            _ => {
                numbers()
                    .then(keeps_nothing)
                    .start(&worker)
                    .await
                    .unwrap()
                    .report()
                    .await
            }
        };
        overdue(ended);
    }
    assert!(
        begin.elapsed() < Duration::from_secs(8),
        "{:?}",
        begin.elapsed()
    );
}

/// Computes for each item, on the only thread of the runtime.
#[pipeline_stage(id = "supervision::computes")]
async fn computes(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    while let Some(n) = input.recv().await? {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(2) {
            std::hint::spin_loop();
        }
        output.send(n).await?;
    }
    Ok(())
}

#[tokio::test]
async fn deadline_holds_while_a_stream_stage_computes() {
    let worker = Worker::embedded().await.unwrap();
    let make = || {
        Pipeline::from_iter(0..u64::MAX)
            .then(computes)
            .deadline(Duration::from_millis(200))
    };
    let begin = Instant::now();
    let over_channels = ran(make().start(&worker).await.unwrap()).await;
    assert!(
        over_channels.end.starts_with("deadline in "),
        "{over_channels:?}"
    );
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    let fused = ran(make().run_local()).await;
    assert!(fused.end.starts_with("deadline in "), "{fused:?}");
}
