//! Runs that are drained: endless sources end, and the result is complete.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::{StreamExt, stream};
use pipewright::pipeline::{FailedRun, RunSource};
use pipewright::{
    Backoff, Pipeline, Receiver, Resource, Result, Run, RunReport, Sender, StageContext, StageExt,
    Window, Worker, pipeline_stage,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::ran::{ran, then_idle};
use super::{House, endless};
use crate::support::within;

const LONG: Duration = Duration::from_secs(600);

#[pipeline_stage(id = "drain::total")]
async fn total(mut input: Receiver<u64>, total: &Resource<AtomicU64>) -> Result<()> {
    while let Some(n) = input.recv().await? {
        total.fetch_add(n, Ordering::Relaxed);
    }
    // Only at the end of a complete input.
    total.fetch_add(1_000_000, Ordering::Relaxed);
    Ok(())
}

#[pipeline_stage(id = "drain::ticks")]
async fn ticks(mut output: Sender<u64>, context: &StageContext) -> Result<()> {
    output.send(1).await?;
    context.draining().await;
    assert!(context.is_draining() && !context.is_cancelled());
    output.send(2).await?;
    Ok(())
}

/// Drains the run after its first item, and returns the rest of its items.
async fn drained(mut run: Run<impl RunSource<Item = Vec<u64>>>) -> (Vec<Vec<u64>>, RunReport) {
    let mut items = Vec::new();
    while let Some(item) = within(run.next()).await {
        items.push(item.unwrap());
        run.drain();
    }
    (items, within(run.report()).await.unwrap())
}

#[tokio::test]
async fn drained_run_gives_what_its_operators_hold() {
    let worker = Worker::embedded().await.unwrap();
    // The first batch is full, the rest is held until the end.
    let make = || Pipeline::source(then_idle(0..5)).batch(3, LONG);
    let local = drained(make().run_local()).await;
    let over_channels = drained(make().start(&worker).await.unwrap()).await;
    for (items, report) in [local, over_channels] {
        assert_eq!(items, [vec![0, 1, 2], vec![3, 4]]);
        assert_eq!(report.items, 2);
    }
}

#[tokio::test]
async fn drained_windows_of_an_endless_source_are_given() {
    let worker = Worker::embedded().await.unwrap();
    let (seen, mut waits) = mpsc::unbounded_channel();
    let make = || {
        let seen = seen.clone();
        Pipeline::source(endless())
            .inspect(move |_| {
                let _ = seen.send(());
            })
            .window(Window::tumbling(LONG))
            .map(|window| window.items)
    };
    let run = make().run_local();
    let handle = run.drain_handle();
    let draining = tokio::spawn(async move {
        waits.recv().await.unwrap();
        handle.drain();
        waits
    });
    let (items, _) = drained(run).await;
    assert_eq!(
        items.concat(),
        (0..items[0].len() as u64).collect::<Vec<_>>()
    );
    let mut waits = draining.await.unwrap();
    while waits.try_recv().is_ok() {}
    let run = make().start(&worker).await.unwrap();
    waits.recv().await.unwrap();
    run.drain();
    let (items, report) = drained(run).await;
    assert_eq!(
        items.concat(),
        (0..items[0].len() as u64).collect::<Vec<_>>()
    );
    assert_eq!(report.verified, Some(true));
}

#[tokio::test]
async fn drained_branches_and_producers_end_complete() {
    let worker = Worker::embedded().await.unwrap();
    let sum = Arc::new(AtomicU64::new(0));
    let make = || {
        Pipeline::produce(ticks)
            .merge(Pipeline::source(then_idle([4])))
            .consume(total)
            .provide_shared(Arc::clone(&sum))
    };
    let mut run = make().run_local();
    run.drain();
    assert!(within(run.next()).await.is_none());
    within(run.report()).await.unwrap();
    let run = make().start(&worker).await.unwrap();
    run.drain();
    within(run.report()).await.unwrap();
    let sum = sum.load(Ordering::Relaxed);
    assert_eq!(sum / 1_000_000, 2);
    // The other source may have been drained before its item.
    assert!([6, 10, 14].contains(&(sum % 1_000_000)), "{sum}");
}

#[tokio::test]
async fn report_serialises_and_names_workers() {
    let house = House::new().await;
    let (near, far) = (house.worker().await, house.worker().await);
    far.register(double).unwrap();
    far.registered().await.unwrap();
    let run = Pipeline::from_iter(0..3_u64).then(double.remote());
    let report = run.start(&near).await.unwrap().report().await.unwrap();
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["items"], 3);
    assert!(json["elapsed_us"].is_u64());
    assert_eq!(json["stages"][1]["stage"], "drain::double");
    assert_eq!(json["stages"][1]["report"]["items_in"], 3);
    assert_eq!(json["stages"][1]["report"]["worker"], far.name());
}

#[pipeline_stage(id = "drain::double")]
fn double(n: u64) -> Result<u64> {
    if n == 7 {
        return Err(pipewright::Error::msg("seven"));
    }
    Ok(n * 2)
}

#[pipeline_stage(id = "drain::pass")]
fn pass(n: u64) -> u64 {
    n
}

#[tokio::test]
async fn error_serialises_and_names_the_worker() {
    let house = House::new().await;
    let (near, far) = (house.worker().await, house.worker().await);
    far.register(double).unwrap();
    far.registered().await.unwrap();
    let make = || Pipeline::from_iter(6..9_u64);
    let run = make().then(double.remote()).then(pass);
    let error = run.start(&near).await.unwrap().report().await.unwrap_err();
    assert_eq!(error.worker(), Some(far.name()));
    let json: Value = serde_json::to_value(&error).unwrap();
    let expected = json!({
        "code": "stage_failed", "message": "seven", "stage": "drain::double", "item": 1,
        "worker": far.name(), "infrastructure": false,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&json[name], value, "{json}");
    }
    assert!(json["cascaded"].is_array());
    let error = make().then(double).run_local().report().await.unwrap_err();
    assert_eq!(error.worker(), None);
    assert_eq!(serde_json::to_value(&error).unwrap()["cascaded"], json!([]));
}

#[pipeline_stage(id = "drain::leaves")]
async fn leaves(
    mut input: Receiver<u64>,
    mut output: Sender<u64>,
    context: &StageContext,
) -> Result<()> {
    for _ in 0..2 {
        if let Some(n) = input.recv().await? {
            output.send(n).await?;
        }
    }
    context.draining().await;
    Ok(())
}

#[tokio::test]
async fn run_is_repeated_after_its_worker_has_left() {
    let house = House::new().await;
    let (near, far, next) = (
        house.worker().await,
        house.worker().await,
        house.worker().await,
    );
    far.register(leaves.with_id("drain::pass")).unwrap();
    far.registered().await.unwrap();
    // It waits until the first worker leaves.
    next.register(pass).unwrap();
    next.registered().await.unwrap();
    let mut seen = Vec::new();
    let mut failures = Vec::new();
    let wait = Duration::from_millis(1);
    let backoff = Backoff::new().first(wait).base(wait);
    let retried = Pipeline::retry(20, backoff, |failed: &[FailedRun]| {
        failures = failed.to_vec();
        let given = failed.iter().map(|run| run.items).sum();
        let numbers = Pipeline::from_iter(0..5_u64).skip(given);
        numbers.then(pass.remote())
    });
    let each = |n| {
        seen.push(n);
        if n == 1 {
            let far = far.clone();
            tokio::spawn(async move { far.shutdown().await });
        }
    };
    within(retried.for_each(&near, each)).await.unwrap();
    assert_eq!(seen, [0, 1, 2, 3, 4]);
    assert_eq!(failures[0].items, 2);
    assert!(failures[0].error.is_infrastructure());
    assert_eq!(failures[0].error.worker(), Some(far.name()));
}

#[tokio::test]
async fn failure_of_the_data_is_not_repeated() {
    let worker = Worker::embedded().await.unwrap();
    let mut made = 0;
    let retried = Pipeline::retry(3, Backoff::new(), |_: &[FailedRun]| {
        made += 1;
        Pipeline::from_iter(6..9_u64).then(double)
    });
    let error = retried.for_each(&worker, |_| ()).await.unwrap_err();
    assert_eq!(error.first_cause().item, Some(1));
    assert_eq!(made, 1);
}

#[pipeline_stage(id = "drain::saves")]
async fn saves(
    mut input: Receiver<u64>,
    mut output: Sender<u64>,
    context: &StageContext,
    saved: &Resource<mpsc::UnboundedSender<String>>,
) -> Result<()> {
    loop {
        tokio::select! {
            n = input.recv() => match n? {
                Some(n) => output.send(n).await?,
                None => return Ok(()),
            },
            () = context.draining() => break,
        }
    }
    assert!(!context.is_cancelled());
    drop(saved.send("draining".to_owned()));
    context.cancelled().await;
    drop(saved.send("cancelled".to_owned()));
    Ok(())
}

#[tokio::test]
async fn shutdown_drains_stages_before_it_cancels_them() {
    let house = House::new().await;
    let (near, far) = (house.worker().await, house.worker().await);
    let (saved, mut told) = mpsc::unbounded_channel::<String>();
    far.provide(saved);
    far.register(saves).unwrap();
    far.registered().await.unwrap();
    let pipeline = Pipeline::source(stream::iter([3]).chain(then_idle([])));
    let mut run = pipeline.then(saves.remote()).start(&near).await.unwrap();
    assert_eq!(within(run.next()).await.unwrap().unwrap(), 3);
    within(far.shutdown()).await.unwrap();
    assert_eq!(told.recv().await.as_deref(), Some("draining"));
    assert_eq!(told.recv().await.as_deref(), Some("cancelled"));
    // The stage returned `Ok` before the end of its input, so the run is not complete.
    let ran = ran(run).await;
    assert!(ran.end.starts_with("stage_lost in drain::saves"), "{ran:?}");
    assert!(ran.end.contains(far.name()), "{ran:?}");
}
