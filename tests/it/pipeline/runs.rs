//! How runs are driven and how they end.

use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, FusedStream, StreamExt};
use pipewright::format::{ItemLimits, Json, Lines};
use pipewright::{
    ChannelReader, ChannelWriter, Compose, Error, Invocation, Pipeline, Result, RunReport,
    StageError, StageRequest, Worker, pipeline_stage, remote,
};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::stages::{Take, count, double, first, hang, increment, no_fives, odd, sums};
use super::{House, endless, run_all_ways};
use crate::support::TestEngine;

#[tokio::test]
async fn a_cancelled_run_leaves_nothing() {
    let house = House::new().await;
    let pipeline = || Pipeline::source(endless()).then(double).then(hang);
    pipeline().run_local().cancel().await;
    for worker in house.workers().await {
        let run = pipeline().start(&worker).await.unwrap();
        run.cancel().await;
        house.is_quiet().await;
        let mut run = Pipeline::source(endless())
            .then(double)
            .start(&worker)
            .await
            .unwrap();
        assert_eq!(run.next().await.unwrap().unwrap(), 0);
        drop(run);
        house.is_quiet().await;
        drop(pipeline().start(&worker).await.unwrap());
        house.is_quiet().await;
    }
}

#[tokio::test]
async fn unpolled_run_leaves_nothing_after_failure() {
    let house = House::new().await;
    for worker in house.workers().await {
        let pipeline = Pipeline::from_iter(0..3_u64).then(no_fives);
        let run = pipeline.start(&worker).await.unwrap();
        tokio::task::yield_now().await;
        drop(run);
        house.is_quiet().await;
    }
}

#[tokio::test]
async fn a_run_tells_whether_its_streams_were_verified() {
    let house = House::new().await;
    let verified = |report: RunReport| {
        let inputs = report.stages.into_iter().map(|stage| {
            let report = stage.report.unwrap();
            report.input_verified
        });
        (report.verified, inputs.collect::<Vec<_>>())
    };
    let pipeline = || Pipeline::from_iter(1..9_u64).then(double).then(odd);
    let report = pipeline().run_local().report().await.unwrap();
    assert_eq!(verified(report), (None, vec![None; 3]));
    for worker in house.workers().await {
        let run = pipeline().start(&worker).await.unwrap();
        let told = verified(run.report().await.unwrap());
        assert_eq!(told, (Some(true), vec![None, Some(true), Some(true)]));

        // A stage without pipewright.
        let plain = async |request: StageRequest, invocation: Invocation| {
            let worker = invocation.worker();
            let mut reader = worker.reader(&request.reader_ref.unwrap());
            let mut writer = worker.writer(&request.writer_ref.unwrap()).plain();
            tokio::io::copy(&mut reader, &mut writer).await?;
            writer.close().await?;
            Ok::<_, Error>(json!({}))
        };
        worker.register_function("test::plain", plain).unwrap();
        let far = remote::<u64, u64>("test::plain");
        let run = Pipeline::from_iter(1..9_u64).then(far).then(double);
        let run = run.start(&worker).await.unwrap();
        let told = verified(run.report().await.unwrap());
        assert_eq!(told, (Some(false), vec![None, None, Some(false)]));
        worker.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_deadline_ends_every_way_to_run() {
    let ran = run_all_ways(|| {
        Pipeline::source(endless())
            .partition(
                2,
                |n| *n,
                |numbers| numbers.then(hang).deadline(Duration::from_millis(100)),
            )
            .then(double)
    });
    for (items, report) in ran.await {
        assert!(items.is_empty());
        assert!(report.unwrap_err().is_deadline());
    }
}

#[tokio::test]
async fn a_stage_that_wants_no_more_ends_the_run_well() {
    let ran = run_all_ways(|| {
        Pipeline::source(endless())
            .then(odd)
            .then(first)
            .then(double)
    });
    // An iii engine does not report that a reader left; the items before are correct.
    let told = TestEngine::start().await.is_pipewright();
    for (items, report) in ran.await {
        assert!(report.is_ok() || !told, "{report:?}");
        let expected = [2, 6, 10, 14, 18];
        assert!(items == expected || (!told && expected.starts_with(&items)));
    }
    let take = Take::new(7);
    let ran = run_all_ways(|| Pipeline::produce(count).consume(take.clone()));
    let ran = ran.await;
    assert_eq!(take.took(), ran.len() as u64 * 7);
    for (_, report) in ran {
        assert!(report.is_ok() || !told, "{report:?}");
    }
}

#[tokio::test]
async fn stages_composed_are_a_stage() {
    let both = || double.then(increment).then(sums);
    let ran = run_all_ways(|| Pipeline::from_iter(0..5_u64).then(both()));
    for (items, report) in ran.await {
        report.unwrap();
        assert_eq!(items, [1 + 3 + 5, 7 + 9]);
    }
    let house = House::new().await;
    let (worker, other) = (house.worker().await, house.worker().await);
    other.register(both()).unwrap();
    other.registered().await.unwrap();
    let id = "test::double+test::increment+test::sums";
    let run = Pipeline::from_iter(0..5_u64)
        .then(remote::<u64, u64>(id))
        .start(&worker)
        .await
        .unwrap();
    assert_eq!(run.collect::<Vec<_>>().await.unwrap(), [9, 16]);
    let ran = run_all_ways(|| Pipeline::from_iter(1..9_u64).then(double.then(no_fives)));
    for (_, report) in ran.await {
        let error = report.unwrap_err();
        assert_eq!(error.first_cause().stage.as_deref(), Some("test::no_fives"));
    }
    house.is_quiet().await;
}

/// A byte stage that reverses the bytes.
#[pipeline_stage(id = "test::reverse")]
async fn reverse(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    let mut all = input.read_all().await?.to_vec();
    all.reverse();
    output.write_all(&all).await?;
    output.shutdown().await?;
    Ok(())
}

#[tokio::test]
async fn bytes_are_items_and_items_are_bytes() {
    let ran = run_all_ways(|| {
        Pipeline::from_iter([12_u64, 345])
            .encode()
            .then(reverse)
            .then(reverse)
            .decode::<u64, Json>()
            .then(double)
    });
    for (items, report) in ran.await {
        report.unwrap();
        assert_eq!(items, [24, 690]);
    }
    let ran = run_all_ways(|| {
        Pipeline::read(&b"ab\ncd"[..])
            .then(reverse)
            .decode::<String, Lines>()
    });
    for (items, report) in ran.await {
        report.unwrap();
        assert_eq!(items, ["dc", "ba"]);
    }
    let run = Pipeline::read(&b"ab"[..]).then(reverse).run_local();
    let mut written = Vec::new();
    run.write_to(&mut written).await.unwrap();
    assert_eq!(Bytes::from(written), "ba");
}

/// Every kind of part that runs elsewhere while its neighbours are fused.
#[tokio::test]
async fn a_fused_run_reaches_stages_of_other_workers() {
    let house = House::new().await;
    let (worker, other) = (house.worker().await, house.worker().await);
    other.register(double).unwrap();
    other.register(no_fives).unwrap();
    other.register(hang).unwrap();
    other.registered().await.unwrap();
    let far = |stage: &str| remote::<u64, u64>(format!("test::{stage}"));

    let run = Pipeline::from_iter(0..100_u64)
        .then(increment)
        .parallel_ordered(2, far("double"))
        .then(odd)
        .run_local_with(&worker);
    assert!(run.collect::<Vec<_>>().await.unwrap().is_empty());
    house.is_quiet().await;

    let run = Pipeline::from_iter(1..100_u64)
        .then(far("no_fives"))
        .then(double)
        .run_local_with(&worker);
    let error = run.collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "stage test::no_fives at item 4: 5 is a five"
    );
    house.is_quiet().await;

    let run = Pipeline::from_iter(1..100_u64)
        .then(far("doubel"))
        .run_local_with(&worker);
    let error = run.collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.first_cause().code, StageError::NOT_FOUND, "{error:?}");
    let suggested = error.to_string().contains("test::double");
    assert!(suggested || !house.engine.is_pipewright(), "{error}");
    house.is_quiet().await;

    let mut run = Pipeline::source(endless())
        .then(far("double"))
        .then(far("hang"))
        .deadline(Duration::from_millis(300))
        .run_local_with(&worker);
    assert!(run.next().await.unwrap().unwrap_err().is_deadline());
    drop(run);
    house.is_quiet().await;

    let alone = Pipeline::from_iter(1..3_u64)
        .then(far("double"))
        .run_local();
    let error = alone.collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.first_cause().code, StageError::NOT_FOUND);
}

fn sent_anywhere<T: Send>(value: T) -> T {
    value
}

#[tokio::test]
async fn pipelines_and_runs_may_go_anywhere() {
    let pipeline = sent_anywhere(
        Pipeline::from_iter(0..3_u64)
            .broadcast()
            .branch(|numbers| numbers.parallel(2, double))
            .merge(),
    );
    let run = sent_anywhere(pipeline.run_local());
    assert_eq!(run.collect::<Vec<_>>().await.unwrap(), [0, 2, 4]);
    let worker = Worker::embedded().await.unwrap();
    let starting = Pipeline::from_iter(0..3_u64).then(double).start(&worker);
    let run = sent_anywhere(sent_anywhere(starting).await.unwrap());
    assert_eq!(run.collect::<Vec<_>>().await.unwrap(), [0, 2, 4]);
}

/// Copies bytes.
#[pipeline_stage(id = "test::copies_bytes")]
async fn copies_bytes(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    tokio::io::copy(&mut input, &mut output).await?;
    Ok(())
}

#[tokio::test]
async fn reports_behind_bytes_count_items() {
    let ran = run_all_ways(|| {
        Pipeline::from_iter(0..100_u64)
            .encode()
            .then(copies_bytes)
            .decode::<u64, Json>()
            .then(double)
    });
    for (items, report) in ran.await {
        assert_eq!(items.len(), 100);
        let stages = report.unwrap().stages.into_iter();
        let counted = stages.map(|stage| stage.report.unwrap());
        let counted: Vec<_> = counted.map(|one| (one.items_in, one.items_out)).collect();
        assert_eq!(counted, [(0, 100), (0, 0), (100, 100)]);
    }
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Tree(Vec<Tree>);

#[pipeline_stage(id = "test::same_tree")]
fn same_tree(tree: Tree) -> Tree {
    tree
}

#[tokio::test]
async fn deep_items_are_read_within_the_limits_of_the_run() {
    let tree = |depth| (1..depth).fold(Tree(Vec::new()), |tree, _| Tree(vec![tree]));
    let ran = run_all_ways(|| Pipeline::from_iter([tree(256)]).then(same_tree));
    for (items, report) in ran.await {
        report.unwrap();
        assert_eq!(items, [tree(256)]);
    }
    let house = House::new().await;
    let worker = house.worker().await;
    let limits = ItemLimits::DEFAULT.max_nesting(20);
    let limited = |depth| {
        let trees = Pipeline::from_iter([tree(depth)]);
        trees.then(same_tree).limits(limits).start(&worker)
    };
    let items: Vec<Tree> = limited(20).await.unwrap().collect().await.unwrap();
    assert_eq!(items, [tree(20)]);
    let error = limited(21).await.unwrap().collect::<Vec<_>>().await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("`max_nesting`"), "{error}");
}

#[pipeline_stage(id = "test::same_text")]
fn same_text(text: String) -> String {
    text
}

#[tokio::test]
async fn worker_sets_the_limits_of_its_stages() {
    let engine = TestEngine::start().await;
    let worker = engine.worker(engine.address()).await;
    let run_at = async |limits: ItemLimits| {
        let served = engine.builder(engine.address()).item_limits(limits);
        let served = served.connect().await.unwrap();
        served.register(same_text).unwrap();
        served.registered().await.unwrap();
        let run = Pipeline::from_iter(["a long text".to_owned()])
            .then(remote::<String, String>("test::same_text"))
            .start(&worker);
        let ended = run.await.unwrap().collect::<Vec<_>>().await;
        served.shutdown().await.unwrap();
        ended
    };
    let error = run_at(ItemLimits::DEFAULT.max_bytes(5)).await.unwrap_err();
    assert!(error.to_string().contains("over the limit of 5"), "{error}");
    assert_eq!(run_at(ItemLimits::DEFAULT).await.unwrap(), ["a long text"]);
}

#[tokio::test]
async fn run_is_a_fused_stream() {
    let worker = Worker::embedded().await.unwrap();
    let fused = Pipeline::from_iter(0..2_u64).then(double).run_local();
    let far = Pipeline::from_iter(0..2_u64).then(double).start(&worker);
    ends_fused(fused).await;
    ends_fused(far.await.unwrap()).await;
    let failed = stream::iter([Err::<u64, _>(std::io::Error::other("no"))]);
    let failed = Pipeline::try_source(failed).run_local();
    ends_fused(failed).await;
}

/// The bounds that `select!` of the futures crate requires.
async fn ends_fused(mut run: impl FusedStream + Unpin) {
    assert!(!run.is_terminated());
    while StreamExt::next(&mut run).await.is_some() {}
    assert!(run.is_terminated());
    assert!(StreamExt::next(&mut run).await.is_none());
}
