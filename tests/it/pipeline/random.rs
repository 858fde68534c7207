//! Pipelines put together at random run alike in every way.

use pipewright::format::Json;
use pipewright::pipeline::{Boxed, RunSource};
use pipewright::{ItemStageExt, Pipeline, Policy, Run};
use proptest::prelude::*;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::stages::{announce, busy, double, first, increment, no_fives, odd, sums, twice};
use super::{FAILED, House};
use crate::support::TestEngine;

/// A part of a pipeline, and what it should do to the items.
#[derive(Clone, Copy, Debug)]
enum Part {
    Double,
    Increment,
    Odd,
    Twice,
    Busy,
    Announce,
    SkipFives,
    Sums,
    First,
    Copies,
    OrderedCopies,
    Partition,
    Broadcast,
}

/// Whether order is promised behind it.
fn keeps_order(part: Part) -> bool {
    !matches!(part, Part::Copies | Part::Partition | Part::Broadcast)
}

/// Whether what it gives depends on the order of what it gets.
fn needs_order(part: Part) -> bool {
    matches!(part, Part::Sums | Part::First)
}

fn model(part: Part, items: Vec<u64>) -> Vec<u64> {
    match part {
        Part::Double => items.into_iter().map(|n| n.wrapping_mul(2)).collect(),
        Part::Increment | Part::Copies | Part::Partition => {
            items.into_iter().map(|n| n.wrapping_add(1)).collect()
        }
        Part::Odd => items.into_iter().filter(|n| n % 2 == 1).collect(),
        Part::Twice | Part::OrderedCopies => items.into_iter().flat_map(|n| [n, n]).collect(),
        Part::Busy | Part::Announce => items,
        Part::SkipFives => items.into_iter().filter(|n| n % 5 != 0).collect(),
        Part::Sums => {
            let mut sums: Vec<_> = items.chunks_exact(3).map(sum).collect();
            sums.push(sum(items.chunks_exact(3).remainder()));
            sums
        }
        Part::First => items.into_iter().take(5).collect(),
        Part::Broadcast => {
            let both = [Part::Double, Part::Odd];
            both.into_iter()
                .flat_map(|part| model(part, items.clone()))
                .collect()
        }
    }
}

fn sum(items: &[u64]) -> u64 {
    items.iter().fold(0, |sum, n| sum.wrapping_add(*n))
}

type Numbers = Pipeline<Boxed<u64, Json>>;

fn add(pipeline: Numbers, part: Part) -> Numbers {
    match part {
        Part::Double => pipeline.then(double).boxed(),
        Part::Increment => pipeline.then(increment).boxed(),
        Part::Odd => pipeline.then(odd).boxed(),
        Part::Twice => pipeline.then(twice).boxed(),
        Part::Busy => pipeline.then(busy).boxed(),
        Part::Announce => pipeline.then(announce).boxed(),
        Part::SkipFives => pipeline.then(no_fives.on_error(Policy::Skip)).boxed(),
        Part::Sums => pipeline.then(sums).boxed(),
        Part::First => pipeline.then(first).boxed(),
        Part::Copies => pipeline.parallel(3, increment).boxed(),
        Part::OrderedCopies => pipeline.parallel_ordered(2, twice).boxed(),
        Part::Partition => {
            let branched = pipeline.partition(2, |n| n % 3, |numbers| numbers.then(increment));
            branched.boxed()
        }
        Part::Broadcast => pipeline
            .broadcast()
            .branch(|numbers| numbers.then(double))
            .branch(|numbers| numbers.then(odd))
            .merge()
            .boxed(),
    }
}

/// What a run gave: its items, and the items that went in and out of each part.
type Given = (Vec<u64>, Vec<(String, u64, u64)>);

async fn given(mut run: Run<impl RunSource<Item = u64>>) -> Given {
    let mut items = Vec::new();
    while let Some(item) = run.next().await {
        items.push(item.unwrap());
    }
    let report = run.report().await.unwrap();
    let totals = report.stages.into_iter().map(|summary| {
        // A part that gave way, because nobody wanted more, has no report.
        let report = summary.report.unwrap_or_default();
        (summary.stage, report.items_in, report.items_out)
    });
    (items, totals.collect())
}

/// Runs the pipeline fused, in memory and by socket.
async fn run(items: &[u64], parts: &[Part]) -> Vec<Given> {
    let make = || {
        let source = Pipeline::from_iter(items.to_vec()).boxed();
        parts
            .iter()
            .fold(source, |pipeline, part| add(pipeline, *part))
    };
    let house = House::new().await;
    let mut all = vec![given(make().run_local()).await];
    for worker in house.workers().await {
        all.push(given(make().start(&worker).await.unwrap()).await);
        house.is_quiet().await;
    }
    all
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let part = prop::sample::select(vec![
        Part::Double,
        Part::Increment,
        Part::Odd,
        Part::Twice,
        Part::Busy,
        Part::Announce,
        Part::SkipFives,
        Part::Sums,
        Part::First,
        Part::Copies,
        Part::OrderedCopies,
        Part::Partition,
        Part::Broadcast,
    ]);
    prop::collection::vec(part, 0..6).prop_map(|parts| {
        // What needs an order stands only where one is promised.
        let mut ordered = true;
        let stands = |part: &Part| {
            let stands = ordered || !needs_order(*part);
            ordered &= !stands || keeps_order(*part);
            stands
        };
        parts.into_iter().filter(stands).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_pipeline_runs_alike_in_every_way(
        items in prop::collection::vec(0..1000_u64, 0..300),
        parts in parts(),
    ) {
        let runtime = Runtime::new().unwrap();
        let leaves = parts.iter().any(|part| matches!(part, Part::First));
        if leaves && !runtime.block_on(TestEngine::start()).is_pipewright() {
            // An iii engine does not say that a reader left, so that ways may differ.
            return Ok(());
        }
        let ran = runtime.block_on(async { timeout(FAILED, run(&items, &parts)).await });
        let ran = ran.expect("a run does not end");
        let mut expected = parts.iter().fold(items, |items, part| model(*part, items));
        let in_order = parts.iter().all(|part| keeps_order(*part));
        let whole = !parts.iter().any(|part| matches!(part, Part::First));
        if !in_order {
            expected.sort_unstable();
        }
        let totals = ran[0].1.clone();
        for (mut items, seen) in ran {
            if !in_order {
                items.sort_unstable();
            }
            prop_assert_eq!(&items, &expected);
            // How far those come whom nobody wants more of depends on the way.
            if whole {
                let sums = |all: &[(String, u64, u64)]| {
                    let mut sums = std::collections::BTreeMap::new();
                    for (stage, given, made) in all {
                        let sum: &mut (u64, u64) = sums.entry(stage.clone()).or_default();
                        sum.0 += given;
                        sum.1 += made;
                    }
                    sums
                };
                prop_assert_eq!(sums(&seen), sums(&totals));
            }
        }
    }
}
