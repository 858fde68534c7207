use std::collections::BTreeMap;

use futures::StreamExt;
use pipewright::{Pipeline, RunReport, StageExt};

use super::stages::{
    Take, count, double, first, increment, no_fives, number, odd, strip, sums, twice,
};
use super::{endless, run_all_ways};
use crate::support::TestEngine;

fn sorted(mut items: Vec<u64>) -> Vec<u64> {
    items.sort_unstable();
    items
}

/// Number of input and output items of every part named `name`.
fn counts(report: &RunReport, name: &str) -> Vec<(u64, u64)> {
    report
        .stages
        .iter()
        .filter(|stage| stage.stage == name)
        .map(|stage| stage.report.as_ref().unwrap())
        .map(|report| (report.items_in, report.items_out))
        .collect()
}

#[tokio::test]
async fn broadcast_gives_every_item_to_every_branch() {
    let ran = run_all_ways(|| {
        Pipeline::from_iter(0..1000_u64)
            .broadcast()
            .branch(|numbers| numbers)
            .branch(|numbers| numbers.then(double).then(increment))
            .branch(|numbers| numbers.then(odd))
            .merge()
    });
    for (items, report) in ran.await {
        let report = report.unwrap();
        let expected = (0..1000)
            .chain((0..1000).map(|n| 2 * n + 1))
            .chain((0..1000).filter(|n| n % 2 == 1));
        // Each branch keeps its order.
        let evens: Vec<_> = items.iter().filter(|n| *n % 2 == 0).collect();
        assert!(evens.is_sorted());
        assert_eq!(sorted(items), sorted(expected.collect()));
        assert_eq!(counts(&report, "broadcast"), [(1000, 3000)]);
        assert_eq!(counts(&report, "test::increment"), [(1000, 1000)]);
        assert_eq!(counts(&report, "test::odd"), [(1000, 500)]);
        assert_eq!(counts(&report, "merge"), [(2500, 2500)]);
        assert_eq!(report.items, 2500);
    }
}

#[tokio::test]
async fn partition_keeps_a_key_together_and_in_order() {
    let ran = run_all_ways(|| {
        Pipeline::from_iter(0..1000_u64).partition(
            3,
            |n| n % 7,
            |numbers| numbers.then(increment).then(number),
        )
    });
    for (items, report) in ran.await {
        report.unwrap();
        let mut by_key: BTreeMap<u64, Vec<(u64, u64)>> = BTreeMap::new();
        for (n, number) in items {
            by_key.entry((n - 1) % 7).or_default().push((n, number));
        }
        assert_eq!(by_key.len(), 7);
        for seen in by_key.values() {
            assert!(seen.is_sorted(), "{seen:?}");
            // The state of a single copy has seen all of them.
            assert!(seen.is_sorted_by_key(|(_, number)| *number), "{seen:?}");
        }
        assert_eq!(by_key.values().map(Vec::len).sum::<usize>(), 1000);
    }
}

#[tokio::test]
async fn copies_share_the_work_and_may_keep_the_order() {
    let unordered = run_all_ways(|| {
        Pipeline::from_iter(0..1000_u64)
            .parallel(4, number)
            .then(strip)
    });
    for (items, report) in unordered.await {
        let report = report.unwrap();
        assert_eq!(sorted(items), (0..1000).collect::<Vec<_>>());
        let shares = counts(&report, "test::number");
        assert_eq!(shares.len(), 4);
        assert!(shares.iter().all(|(items, _)| *items > 0), "{shares:?}");
    }
    let ordered = run_all_ways(|| {
        Pipeline::from_iter(0..1000_u64)
            .parallel_ordered(3, twice)
            .parallel_ordered(2, odd)
    });
    for (items, report) in ordered.await {
        let report = report.unwrap();
        let expected = (0..1000).filter(|n| n % 2 == 1).flat_map(|n| [n, n]);
        assert_eq!(items, expected.collect::<Vec<_>>());
        let shares = counts(&report, "test::twice");
        assert!(shares.iter().all(|(items, _)| *items > 100), "{shares:?}");
    }
}

#[tokio::test]
async fn what_a_copy_gives_at_its_end_is_not_lost() {
    let ran = run_all_ways(|| {
        Pipeline::from_iter(0..100_u64)
            .parallel_ordered(3, sums.with_params(serde_json::json!({"every": 7})))
    });
    for (items, report) in ran.await {
        report.unwrap();
        assert_eq!(items.iter().sum::<u64>(), 99 * 100 / 2);
    }
}

#[tokio::test]
async fn pipelines_merge_and_their_order_stays() {
    let ran = run_all_ways(|| {
        Pipeline::from_iter(0..500_u64)
            .merge(Pipeline::produce(count).then(increment).then(double))
            .merge(Pipeline::from_iter([]))
    });
    for (items, report) in ran.await {
        let report = report.unwrap();
        assert_eq!(report.items, 1000);
        let expected = (0..500).chain((1..=500).map(|n| 2 * n));
        assert_eq!(sorted(items), sorted(expected.collect()));
        assert_eq!(counts(&report, "source"), [(0, 500), (0, 0)]);
        assert_eq!(counts(&report, "test::count"), [(0, 500)]);
    }
}

#[tokio::test]
async fn side_branches_end_in_consumers() {
    let take = Take::new(u64::MAX);
    let ran = run_all_ways(|| {
        Pipeline::from_iter(0..700_u64).tee(|numbers| numbers.then(odd).consume(take.clone()))
    });
    let ran = ran.await;
    assert_eq!(take.took(), ran.len() as u64 * 350);
    for (items, report) in ran {
        let report = report.unwrap();
        assert_eq!(items, (0..700).collect::<Vec<_>>());
        assert_eq!(counts(&report, "test::take"), [(350, 0)]);
    }

    let ran = run_all_ways(|| {
        Pipeline::from_iter(0..700_u64)
            .broadcast()
            .branch(|numbers| numbers.consume(Take::new(u64::MAX)))
            .branch(|numbers| numbers.then(twice).consume(Take::new(u64::MAX)))
            .merge()
    });
    for (items, report) in ran.await {
        assert!(items.is_empty());
        assert_eq!(
            counts(&report.unwrap(), "test::take"),
            [(700, 0), (1400, 0)]
        );
    }
}

#[tokio::test]
async fn a_branch_that_leaves_early_does_not_end_the_others() {
    let ran = run_all_ways(|| {
        Pipeline::from_iter(0..5_000_u64)
            .tee(|numbers| numbers.consume(Take::new(10)))
            .broadcast()
            .branch(|numbers| numbers.then(first))
            .branch(|numbers| numbers.then(odd))
            .merge()
    });
    // An iii engine does not report that a reader left.
    let told = TestEngine::start().await.is_pipewright();
    for (items, report) in ran.await {
        if report.is_ok() || told {
            let report = report.unwrap();
            assert_eq!(items.len(), 2_505);
            assert_eq!(report.items, 2_505);
        }
    }
}

#[tokio::test]
async fn when_all_branches_have_left_what_is_before_gives_way() {
    let ran = run_all_ways(|| {
        Pipeline::source(endless())
            .broadcast()
            .branch(|numbers| numbers.then(first))
            .branch(|numbers| numbers.then(odd).then(first))
            .merge()
    });
    // An iii engine does not report that a reader left.
    let told = TestEngine::start().await.is_pipewright();
    for (items, report) in ran.await {
        if report.is_ok() || told {
            report.unwrap();
            assert_eq!(sorted(items), [0, 1, 1, 2, 3, 3, 4, 5, 7, 9]);
        }
    }
}

#[tokio::test]
async fn failure_in_a_branch_fails_the_run() {
    let ran = run_all_ways(|| {
        Pipeline::source(endless().skip(1))
            .broadcast()
            .branch(|numbers| numbers)
            .branch(|numbers| numbers.parallel(2, double).then(no_fives).then(increment))
            .merge()
            .then(odd)
    });
    for (_, report) in ran.await {
        let error = report.unwrap_err();
        let cause = error.first_cause();
        assert_eq!(cause.stage.as_deref(), Some("test::no_fives"), "{error:?}");
        assert!(cause.message.ends_with("0 is a five"), "{error:?}");
    }
}

#[tokio::test]
async fn a_failure_before_the_branches_is_told_once() {
    let ran = run_all_ways(|| {
        Pipeline::from_iter(1..50_u64)
            .then(no_fives)
            .partition(2, |n| *n, |numbers| numbers.then(double))
            .parallel_ordered(2, increment)
    });
    for (_, report) in ran.await {
        let error = report.unwrap_err();
        assert_eq!(
            error.to_string(),
            "stage test::no_fives at item 4: 5 is a five"
        );
    }
}

#[tokio::test]
#[should_panic(
    expected = "the closure of a branch must return a pipeline that starts with its argument"
)]
async fn a_branch_that_ignores_its_beginning_is_refused() {
    let _ = Pipeline::from_iter(0..3_u64).partition(2, |n| *n, |_| Pipeline::from_iter(0..3_u64));
}
