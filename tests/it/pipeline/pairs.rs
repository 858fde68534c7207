//! Streams of different types, joined: fused, over channels, and as a plain model does it.

use std::collections::HashMap;
use std::time::Duration;

use pipewright::{
    JoinWithin, Pipeline, Receiver, Result, RunError, StageExt, Worker, pipeline_stage,
};

use super::House;
use super::ran::{Ran, both_ways, then_idle};
use crate::support::within;

#[pipeline_stage(id = "pairs::sum")]
async fn sum(mut numbers: Receiver<u64>) -> Result<u64> {
    let mut sum = 0;
    while let Some(number) = numbers.recv().await? {
        if number == 13 {
            return Err(pipewright::Error::msg("thirteen"));
        }
        sum += number;
    }
    Ok(sum)
}

#[pipeline_stage(id = "pairs::texts")]
async fn texts(mut numbers: Receiver<u64>, params: usize) -> Vec<String> {
    let mut texts = Vec::new();
    while let Ok(Some(number)) = numbers.recv().await {
        texts.push(number.to_string());
    }
    texts.truncate(params);
    texts
}

#[pipeline_stage(id = "pairs::first")]
async fn first(mut numbers: Receiver<u64>) -> Result<Option<u64>> {
    Ok(numbers.recv().await?)
}

fn numbers()
-> Pipeline<impl pipewright::pipeline::Segment<Out = u64, Format = pipewright::format::Json>> {
    Pipeline::from_iter(1..=4_u64)
}

#[tokio::test]
async fn returned_value_is_the_output_of_its_stage() {
    for ran in both_ways(|| numbers().then(sum)).await {
        assert_eq!(ran, Ran::complete([10]));
    }
    for ran in both_ways(|| numbers().then(texts.with_params(2_u64))).await {
        assert_eq!(ran, Ran::complete(["1", "2"].map(str::to_owned)));
    }
    for ran in both_ways(|| Pipeline::source(then_idle(3..9)).then(first)).await {
        assert_eq!(ran, Ran::complete([3]));
    }
    for ran in both_ways(|| Pipeline::from_iter([1, 13]).then(sum)).await {
        assert!(
            ran.end.contains("thirteen in") || ran.end.contains("thirteen"),
            "{ran:?}"
        );
    }
}

#[tokio::test]
async fn run_gives_back_its_only_value() {
    let house = House::new().await;
    let worker = house.worker().await;
    worker.register(sum).unwrap();
    worker.registered().await.unwrap();
    assert_eq!(numbers().then(sum).run_local().value().await.unwrap(), 10);
    let run = numbers().then(sum.remote()).start(&worker).await.unwrap();
    assert_eq!(within(run.value()).await.unwrap(), 10);
    for run in [numbers().boxed(), numbers().filter(|_| false).boxed()] {
        let error = run.run_local().value().await.unwrap_err();
        assert_eq!(error.first_cause().code, RunError::NOT_ONE);
    }
    let run = Pipeline::from_iter([13]).then(sum).run_local();
    let error = run.value().await.unwrap_err();
    assert_eq!(error.to_string(), "stage pairs::sum: thirteen");
}

#[tokio::test]
async fn fork_join_gives_the_results_of_its_branches() {
    let forked = || {
        numbers().fork_join(
            |numbers| numbers.then(sum),
            |numbers| {
                numbers.fork_join(
                    |numbers| {
                        numbers
                            .map(|n| n.to_string())
                            .fold(String::new(), |all, text| {
                                all.push_str(&text);
                                Ok::<_, pipewright::Error>(())
                            })
                    },
                    |numbers| numbers.then(texts.with_params(1_u64)),
                )
            },
        )
    };
    for ran in both_ways(forked).await {
        assert_eq!(
            ran,
            Ran::complete([(10, ("1234".to_owned(), "1".to_owned()))])
        );
    }
}

#[tokio::test]
async fn fork_join_fails_for_none_or_several_results() {
    for (count, expected) in [(0_u64, "has output no item"), (2, "outputs several items")] {
        let forked = || {
            numbers().fork_join(
                |numbers| numbers.then(sum),
                |numbers| numbers.then(texts.with_params(count)),
            )
        };
        for ran in both_ways(forked).await {
            assert!(ran.end.starts_with("stage_failed in join"), "{ran:?}");
            assert!(ran.end.contains(expected), "{ran:?}");
        }
    }
    let fails = || {
        Pipeline::from_iter([1, 13, 5]).fork_join(
            |numbers| numbers.then(sum),
            |numbers| numbers.then(texts.with_params(1_u64)),
        )
    };
    for ran in both_ways(fails).await {
        assert_eq!(ran.end, "stage_failed in pairs::sum: thirteen");
    }
}

#[tokio::test]
async fn zip_ends_with_the_shorter_pipeline() {
    let letters = || Pipeline::from_iter(['a', 'b']);
    let expected = || Ran::complete([(1, 'a'), (2, 'b')]);
    for ran in both_ways(|| numbers().zip(letters())).await {
        assert_eq!(ran, expected());
    }
    // The other one never ends by itself.
    for ran in both_ways(|| Pipeline::source(then_idle(1..=3)).zip(letters())).await {
        assert_eq!(ran, expected());
    }
    for ran in both_ways(|| letters().zip(Pipeline::from_iter(1_u64..))).await {
        assert_eq!(ran, Ran::complete([('a', 1), ('b', 2)]));
    }
    let fails = || letters().zip(Pipeline::from_iter([1, 13]).then(sum));
    for ran in both_ways(fails).await {
        assert_eq!(ran.end, "stage_failed in pairs::sum: thirteen");
    }
}

type Keyed = (u64, u64);

/// Every pair of equal keys within `within` ms, sorted.
fn joined(left: &[Keyed], right: &[Keyed], within: u64) -> Vec<(Keyed, Keyed)> {
    let pairs = left
        .iter()
        .flat_map(|a| right.iter().map(move |b| (*a, *b)));
    let mut pairs: Vec<_> = pairs
        .filter(|(a, b)| a.0 == b.0 && a.1.abs_diff(b.1) <= within)
        .collect();
    pairs.sort_unstable();
    pairs
}

async fn joined_both_ways(worker: &Worker, left: &[Keyed], right: &[Keyed], near: u64) {
    let make = || {
        let of = |(key, at): &Keyed| (*key, Duration::from_millis(*at));
        let join = JoinWithin::new(Duration::from_millis(near), of, of).limit(64);
        Pipeline::from_iter(left.to_vec()).join(Pipeline::from_iter(right.to_vec()), join)
    };
    let expected = joined(left, right, near);
    let mut local: Vec<_> = within(make().run_local().collect()).await.unwrap();
    local.sort_unstable();
    assert_eq!(local, expected);
    let run = make().start(worker).await.unwrap();
    let mut over_channels: Vec<_> = within(run.collect()).await.unwrap();
    over_channels.sort_unstable();
    assert_eq!(over_channels, expected);
}

#[tokio::test]
async fn join_gives_every_pair_of_equal_keys_within_the_time() {
    let worker = Worker::embedded().await.unwrap();
    let mut random = fastrand::Rng::with_seed(7);
    for round in 0..24 {
        let mut side = |most: usize, step: u64| {
            let mut at = random.u64(0..50);
            let len = random.usize(0..=most);
            let items: Vec<Keyed> = (0..len)
                .map(|_| {
                    at += random.u64(0..step);
                    (random.u64(0..3), at)
                })
                .collect();
            items
        };
        // One side may be far ahead of the other, or much longer.
        let (left, right) = (side(60, 20), side(6, 200));
        joined_both_ways(&worker, &left, &right, 5 * (round % 6)).await;
    }
}

#[tokio::test]
async fn join_fails_beyond_its_limit() {
    let of = |n: &u64| (0, Duration::from_millis(*n));
    let make = || {
        let join = JoinWithin::new(Duration::from_secs(9), of, of).limit(10);
        Pipeline::from_iter(0..30_u64).join(Pipeline::from_iter(0..30_u64), join)
    };
    for ran in both_ways(make).await {
        assert!(ran.end.starts_with("stage_failed in join"), "{ran:?}");
        assert!(ran.end.contains("JoinWithin::limit"), "{ran:?}");
    }
}

#[tokio::test]
async fn lookup_joins_items_with_a_resource() {
    let names = || HashMap::from([(1_u64, "one".to_owned()), (3, "three".to_owned())]);
    let found = || {
        numbers()
            .lookup(|n, names: &HashMap<u64, String>| names.get(&n).cloned())
            .provide(names())
    };
    let expected = ["one", "three"].map(str::to_owned);
    for ran in both_ways(found).await {
        assert_eq!(ran, Ran::complete(expected.clone()));
    }
    let found = || {
        numbers()
            .lookup_async(
                async |n, names: pipewright::Resource<HashMap<u64, String>>| match n {
                    4 => Err("four"),
                    n => Ok(names.get(&n).cloned()),
                },
            )
            .provide(names())
    };
    for ran in both_ways(found).await {
        assert_eq!(ran.items, expected);
        assert_eq!(ran.end, "stage_failed in lookup_async at 3: four");
    }
    let missing = numbers().lookup(|n, names: &HashMap<u64, String>| names.get(&n).cloned());
    let error = missing.run_local().report().await.unwrap_err();
    assert_eq!(error.first_cause().code, "no_resource");
    assert_eq!(error.first_cause().stage.as_deref(), Some("lookup"));
}
