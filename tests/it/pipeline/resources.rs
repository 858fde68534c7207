//! Resources: values that stages share, provided by the pipeline or by the worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pipewright::{
    Compose, ItemStageExt, Pipeline, Policy, Receiver, RegisterError, Resource, Result, RunError,
    Sender, StageContext, StageError, StageExt, Worker, pipeline_stage, testing::Bench,
};

use super::House;
use super::ran::{Ran, both_ways};

/// Counts its uses.
#[derive(Default)]
struct Offset {
    by: u64,
    uses: AtomicU64,
}

impl Offset {
    fn of(by: u64) -> Self {
        let uses = AtomicU64::new(0);
        Self { by, uses }
    }

    fn apply(&self, n: u64) -> u64 {
        self.uses.fetch_add(1, Ordering::Relaxed);
        n + self.by
    }
}

trait Lookup: Send + Sync {
    fn name(&self, n: u64) -> String;
}

struct Mock;

impl Lookup for Mock {
    fn name(&self, n: u64) -> String {
        format!("mock {n}")
    }
}

#[pipeline_stage(id = "resources::plain")]
fn plain(n: u64, offset: &Resource<Offset>) -> u64 {
    offset.apply(n)
}

#[pipeline_stage(id = "resources::several", concurrency = 4)]
async fn several(
    n: u64,
    offset: &Resource<Offset>,
    context: &StageContext,
    lookup: Resource<dyn Lookup>,
    params: u64,
) -> Result<Vec<String>> {
    tokio::task::yield_now().await;
    assert_eq!(context.stage(), "resources::several");
    Ok(vec![lookup.name(offset.apply(n) * params)])
}

#[pipeline_stage(id = "resources::blocking", blocking)]
fn blocking(n: u64, sum: &mut u64, offset: &Resource<Offset>, params: &u64) -> u64 {
    *sum += offset.apply(n) * params;
    *sum
}

#[pipeline_stage(id = "resources::stream")]
async fn stream(
    mut input: Receiver<u64>,
    mut output: Sender<u64>,
    offset: &Resource<Offset>,
) -> Result<()> {
    while let Some(n) = input.recv().await? {
        output.send(offset.apply(n)).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "resources::produce")]
async fn produce(mut output: Sender<u64>, offset: Resource<Offset>, params: u64) -> Result<()> {
    output.send(offset.apply(params)).await?;
    Ok(())
}

#[pipeline_stage(id = "resources::consume")]
async fn consume(mut input: Receiver<u64>, total: &Resource<AtomicU64>) -> Result<()> {
    while let Some(n) = input.recv().await? {
        total.fetch_add(n, Ordering::Relaxed);
    }
    Ok(())
}

#[tokio::test]
async fn every_kind_of_stage_takes_resources() {
    let numbers = || Pipeline::from_iter(0..4_u64).provide(Offset::of(10));
    for ran in both_ways(|| numbers().then(plain)).await {
        assert_eq!(ran, Ran::complete(10..14));
    }
    for ran in both_ways(|| numbers().then(blocking.with_params(2_u64))).await {
        assert_eq!(ran, Ran::complete([20, 42, 66, 92]));
    }
    for ran in both_ways(|| numbers().then(stream)).await {
        assert_eq!(ran, Ran::complete(10..14));
    }
    for ran in both_ways(|| numbers().parallel_ordered(2, plain)).await {
        assert_eq!(ran, Ran::complete(10..14));
    }
    let produced = || {
        Pipeline::produce(produce.with_params(1_u64))
            .provide(Offset::of(5))
            .then(plain.then(plain))
    };
    for ran in both_ways(produced).await {
        assert_eq!(ran, Ran::complete([16]));
    }
    let several = || {
        numbers()
            .provide_shared::<dyn Lookup>(Arc::new(Mock))
            .then(several.on_error(Policy::Skip).with_params(3_u64))
    };
    let expected = ["mock 30", "mock 33", "mock 36", "mock 39"].map(str::to_owned);
    for ran in both_ways(several).await {
        assert_eq!(ran, Ran::complete(expected.clone()));
    }
    let total = Arc::new(AtomicU64::new(0));
    let consumed = || {
        let total = Arc::clone(&total);
        numbers().then(plain).consume(consume).provide_shared(total)
    };
    for ran in both_ways(consumed).await {
        assert_eq!(ran, Ran::complete([]));
    }
    assert_eq!(total.load(Ordering::Relaxed), 2 * (10 + 11 + 12 + 13));
}

#[tokio::test]
async fn branches_take_the_resources_of_the_pipeline() {
    let branches = || {
        Pipeline::from_iter(0..3_u64)
            .broadcast()
            .branch(|numbers| numbers.then(plain))
            .merge()
            .provide(Offset::of(10))
    };
    for ran in both_ways(branches).await {
        assert_eq!(ran, Ran::complete(10..13));
    }
}

fn is_missing(error: &RunError, stage: &str, name: &str) {
    let cause = error.first_cause();
    assert_eq!(cause.code, StageError::NO_RESOURCE);
    assert_eq!(cause.stage.as_deref(), Some(stage));
    assert!(cause.message.contains(name), "{}", cause.message);
}

#[tokio::test]
async fn missing_resource_fails_before_any_item_is_taken() {
    let taken = Arc::new(AtomicU64::new(0));
    let make = || {
        let taken = Arc::clone(&taken);
        let count = move |n: &u64| {
            taken.fetch_add(n + 1, Ordering::Relaxed);
        };
        let numbers = Pipeline::from_iter(0..9_u64).inspect(count);
        numbers.tee(|side| side.then(plain).consume(consume))
    };
    let house = House::new().await;
    let worker = house.worker().await;
    let error = make().run_local().report().await.unwrap_err();
    is_missing(&error, "resources::plain", "Offset");
    let error = make().run_local_with(&worker).report().await.unwrap_err();
    is_missing(&error, "resources::plain", "Offset");
    worker.provide(Offset::of(1));
    let Err(error) = make().start(&worker).await else {
        panic!("the total is missing");
    };
    is_missing(&error, "resources::consume", "AtomicU64");
    assert_eq!(taken.load(Ordering::Relaxed), 0);
    house.is_quiet().await;
}

async fn sums(worker: &Worker) -> Vec<u64> {
    let far = Pipeline::from_iter(0..3_u64).then(plain.remote());
    far.start(worker).await.unwrap().collect().await.unwrap()
}

#[tokio::test]
async fn worker_provides_its_registered_stages_in_every_run() {
    let house = House::new().await;
    let (worker, caller) = (house.worker().await, house.worker().await);
    let Err(error) = worker.register(plain.on_error(Policy::Skip)) else {
        panic!("nothing was provided");
    };
    assert!(matches!(error, RegisterError::MissingResource { .. }));
    let text = error.to_string();
    assert!(text.contains("resources::plain") && text.contains("Offset"));
    let offset = Arc::new(Offset::of(7));
    worker.provide_shared(Arc::clone(&offset));
    worker.register(plain.on_error(Policy::Skip)).unwrap();
    worker.registered().await.unwrap();
    assert_eq!(sums(&caller).await, [7, 8, 9]);
    assert_eq!(sums(&caller).await, [7, 8, 9]);
    assert_eq!(offset.uses.load(Ordering::Relaxed), 6);
    // A value of the pipeline takes precedence over one of its worker.
    for pipeline in [
        Pipeline::from_iter([1_u64]).then(plain).boxed(),
        Pipeline::from_iter([1_u64])
            .then(plain)
            .provide(Offset::of(1))
            .boxed(),
    ]
    .into_iter()
    .zip([8, 2])
    {
        let (pipeline, expected) = pipeline;
        let run = pipeline.start(&worker).await.unwrap();
        assert_eq!(run.collect::<Vec<_>>().await.unwrap(), [expected]);
    }
}

#[tokio::test]
async fn bench_provides_a_mock() {
    let bench = || Bench::new(plain).items([1]).provide(Offset::of(3));
    assert_eq!(bench().run().await.items, [4]);
    assert_eq!(bench().run_over_channels().await.unwrap().items, [4]);
}
