//! Stages on batches, and the hook at the end of the input: fused and over channels.

use std::sync::Mutex;
use std::time::Duration;

use pipewright::{
    ItemStageExt, Pipeline, Policy, Resource, Result, RunReport, StageExt, pipeline_stage,
    testing::Bench,
};
use tokio::sync::mpsc;

const LONG: Duration = Duration::from_secs(60);

/// A database table: the batches that it received.
#[derive(Default)]
struct Table(Mutex<Vec<Vec<u32>>>);

#[pipeline_stage(id = "batches::insert", batch = 3, within = "60s")]
async fn insert(rows: Vec<u32>, table: &Resource<Table>) -> Result<()> {
    tokio::task::yield_now().await;
    if rows.contains(&13) {
        return Err(pipewright::Error::msg("thirteen"));
    }
    table.0.lock().unwrap().push(rows);
    Ok(())
}

#[pipeline_stage(id = "batches::note", batch = 2, within = LONG)]
fn note(rows: Vec<u32>, table: &Resource<Table>) {
    table.0.lock().unwrap().push(rows);
}

#[pipeline_stage(id = "batches::sums", batch = 2, within = "1m", finish = rest)]
async fn sums(rows: Vec<u32>, count: &mut u32, params: u32) -> Vec<u32> {
    *count += 1;
    vec![rows.iter().sum::<u32>() * params]
}

fn rest(count: u32) -> Vec<u32> {
    vec![1000, count]
}

#[pipeline_stage(id = "batches::size", batch = 100, within = "10ms")]
fn size(rows: Vec<u32>) -> usize {
    rows.len()
}

/// The run's report, fused and over channels.
async fn reports(
    make: impl Fn() -> Pipeline<pipewright::pipeline::Boxed<(), pipewright::format::Json>>,
) -> [Result<RunReport, pipewright::RunError>; 2] {
    let worker = pipewright::Worker::embedded().await.unwrap();
    let fused = make().run_local().report().await;
    let run = make().start(&worker).await.unwrap();
    [fused, run.report().await]
}

#[tokio::test]
async fn consumer_of_batches_gets_every_item_in_order() {
    let table = std::sync::Arc::new(Table::default());
    let inserted = || {
        let table = std::sync::Arc::clone(&table);
        let rows = Pipeline::from_iter(0..7).provide_shared(table);
        rows.tee(|side| side.consume(note)).consume(insert).boxed()
    };
    for report in reports(inserted).await {
        report.unwrap();
    }
    let mut batches = std::mem::take(&mut *table.0.lock().unwrap());
    batches.sort_unstable();
    let expected: [&[u32]; 7] = [
        &[0, 1],
        &[0, 1, 2],
        &[2, 3],
        &[3, 4, 5],
        &[4, 5],
        &[6],
        &[6],
    ];
    let both: Vec<_> = expected.into_iter().flat_map(|batch| [batch; 2]).collect();
    assert_eq!(batches, both);
    let empty = || {
        let table = std::sync::Arc::clone(&table);
        Pipeline::from_iter(0..0)
            .provide_shared(table)
            .consume(insert)
            .boxed()
    };
    for report in reports(empty).await {
        report.unwrap();
        assert!(table.0.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn failing_batch_is_named_by_its_first_item() {
    let inserted = || {
        let rows = Pipeline::from_iter([1, 2, 3, 4, 13]).provide(Table::default());
        rows.consume(insert).boxed()
    };
    for report in reports(inserted).await {
        let error = report.unwrap_err();
        assert_eq!(
            error.to_string(),
            "stage batches::insert at item 3: thirteen"
        );
    }
}

#[tokio::test]
async fn stage_of_batches_has_state_parameters_and_an_end() {
    let bench = || Bench::new(sums.with_params(10)).items(1..=5);
    let expected = [30, 70, 50, 1000, 3];
    assert_eq!(bench().run().await.items, expected);
    let tested = bench().run_over_channels().await.unwrap();
    assert_eq!(tested.items, expected);
    assert_eq!(tested.report().items_in, 5);
}

#[tokio::test]
async fn batch_is_given_in_time_while_the_source_is_idle() {
    let (send, rows) = mpsc::channel(8);
    let rows = tokio_stream(rows);
    let mut run = Pipeline::source(rows).then(size).run_local();
    send.send(1).await.unwrap();
    send.send(2).await.unwrap();
    assert_eq!(run.next().await.transpose().unwrap(), Some(2));
    send.send(3).await.unwrap();
    assert_eq!(run.next().await.transpose().unwrap(), Some(1));
    drop(send);
    assert!(run.next().await.is_none());
}

fn tokio_stream(rows: mpsc::Receiver<u32>) -> impl futures::Stream<Item = u32> + Send + 'static {
    futures::stream::unfold(rows, async |mut rows| Some((rows.recv().await?, rows)))
}

#[pipeline_stage(id = "batches::pairs", finish = last)]
fn pairs(n: u32, held: &mut Option<u32>) -> Result<Option<(u32, u32)>, String> {
    if n == 7 {
        return Err("seven".to_owned());
    }
    let first = held.take();
    if first.is_none() {
        *held = Some(n);
    }
    Ok(first.map(|first| (first, n)))
}

fn last(held: Option<u32>) -> Option<(u32, u32)> {
    held.map(|first| (first, 0))
}

#[pipeline_stage(id = "batches::later", finish = |held: Vec<u32>| -> Result<_, String> {
    if held.is_empty() { Err("nothing came".to_owned()) } else { Ok([held.len()]) }
})]
async fn later(n: u32, held: &mut Vec<u32>) -> Vec<usize> {
    tokio::task::yield_now().await;
    held.push(n);
    Vec::new()
}

#[tokio::test]
async fn finish_is_called_once_at_the_end_of_the_input() {
    let bench = || Bench::new(pairs).items(1..=5);
    let expected = [(1, 2), (3, 4), (5, 0)];
    assert_eq!(bench().run().await.items, expected);
    assert_eq!(bench().run_over_channels().await.unwrap().items, expected);
    // A policy and parameters do not change this.
    let skipping = pairs.on_error(Policy::Skip).with_params(());
    let bench = || Bench::new(skipping.clone()).items([1, 7, 2, 3]);
    let expected = [(1, 2), (3, 0)];
    assert_eq!(bench().run().await.items, expected);
    assert_eq!(bench().run_over_channels().await.unwrap().items, expected);
    let bench = || Bench::new(later).items(1..=5);
    assert_eq!(bench().run().await.items, [5]);
    assert_eq!(bench().run_over_channels().await.unwrap().items, [5]);
}

#[tokio::test]
async fn finish_is_not_called_after_failed_input_or_early_end() {
    let bench = || Bench::new(pairs).items([1, 7]);
    assert!(bench().run().await.items.is_empty());
    assert!(bench().run_over_channels().await.unwrap().items.is_empty());
    let taken = Pipeline::from_iter(1..=4).then(pairs).take(1).run_local();
    assert_eq!(taken.collect::<Vec<_>>().await.unwrap(), [(1, 2)]);
}

#[tokio::test]
async fn error_of_finish_fails_the_stage_without_an_item() {
    let expected = "stage batches::later: nothing came";
    let tested = Bench::new(later).run().await;
    assert_eq!(tested.error().to_string(), expected);
    let tested = Bench::new(later).run_over_channels().await.unwrap();
    assert_eq!(tested.error().to_string(), expected);
}
