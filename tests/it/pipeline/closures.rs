//! Operators with closures: the same results fused and over channels.

use std::collections::HashSet;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pipewright::format::{Bincode, Lines};
use pipewright::{Pipeline, RunReport, Sender, Worker, pipeline_stage};

use super::ran::{Ran, both_ways, then_idle};
use super::{endless, run_all_ways};

#[pipeline_stage(id = "closures::double", input = Bincode)]
fn double(n: u64) -> u64 {
    n * 2
}

#[pipeline_stage(id = "closures::naturals")]
async fn naturals(mut output: Sender<u64>) -> pipewright::Result<()> {
    for n in 0.. {
        output.send(n).await?;
    }
    Ok(())
}

async fn gives<P, T>(make: impl Fn() -> Pipeline<P>, items: impl IntoIterator<Item = T> + Clone)
where
    P: pipewright::pipeline::Segment<Out = T>,
    T: PartialEq + std::fmt::Debug,
{
    for ran in both_ways(make).await {
        assert_eq!(ran, Ran::complete(items.clone()));
    }
}

/// Name, input items and output items of each stage except the source.
fn counts(report: &RunReport) -> Vec<(&str, u64, u64)> {
    let stages = report.stages.iter().skip(1);
    let counts = stages.map(|stage| {
        let report = stage.report.as_ref().unwrap();
        (stage.stage.as_str(), report.items_in, report.items_out)
    });
    counts.collect()
}

#[tokio::test]
async fn each_closure_transforms_the_items_in_order() {
    let numbers = || Pipeline::from_iter(0..6_u64);
    gives(
        || numbers().map(|n| n.to_string()),
        ["0", "1", "2", "3", "4", "5"].map(str::to_owned),
    )
    .await;
    gives(|| numbers().filter(|n| n % 2 == 1), [1, 3, 5]).await;
    gives(|| numbers().filter_map(|n| n.checked_sub(4)), [0, 1]).await;
    gives(|| numbers().flat_map(|n| 0..n % 3), [0, 0, 1, 0, 0, 1]).await;
    gives(|| numbers().try_map(|n| Ok::<_, String>(n + 1)), 1..7).await;
    gives(|| numbers().skip(4), [4, 5]).await;
    let sum = |sum: &mut u64, n| {
        *sum += n;
        Ok::<_, String>(())
    };
    gives(|| numbers().fold(1, sum), [16]).await;
    gives(|| numbers().skip(6).fold(1, sum), [1]).await;
    gives(|| numbers().skip(9), []).await;
    gives(|| numbers().take(9), 0..6).await;
    gives(|| numbers().take_while(|n| *n != 2), [0, 1]).await;
    gives(|| numbers().inspect(|n| assert!(*n < 6)), 0..6).await;
    gives(|| numbers().map_async(async |n| n + 1), 1..7).await;
    gives(
        || numbers().try_map_async(|n| ready(Ok::<_, String>(n))),
        0..6,
    )
    .await;
    gives(
        || numbers().filter_map_async(|n| ready((n > 3).then_some(n))),
        [4, 5],
    )
    .await;
    gives(
        || numbers().flat_map_async(|n| ready(vec![n; 2])),
        [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
    )
    .await;
}

#[tokio::test]
async fn a_closure_may_keep_state() {
    let distinct = || {
        let mut seen = HashSet::new();
        Pipeline::from_iter([3, 1, 3, 2, 1_u64]).filter(move |n| seen.insert(*n))
    };
    gives(distinct, [3, 1, 2]).await;
}

#[tokio::test]
async fn an_async_closure_handles_one_item_at_a_time() {
    let make = || {
        let busy = Arc::new(AtomicBool::new(false));
        Pipeline::from_iter(0..20_u64).map_async(move |n| {
            let busy = Arc::clone(&busy);
            async move {
                assert!(!busy.swap(true, Ordering::SeqCst));
                tokio::time::sleep(Duration::from_millis(n % 3)).await;
                busy.store(false, Ordering::SeqCst);
                n
            }
        })
    };
    gives(make, 0..20).await;
}

#[tokio::test]
async fn the_format_of_a_closure_can_be_chosen() {
    let lines = || Pipeline::from_iter(["a".to_owned(), "b".to_owned()]).format::<Lines>();
    gives(|| lines().filter(|line| line != "a"), ["b".to_owned()]).await;
    let numbers = || {
        lines()
            .map(|line| line.len() as u64)
            .format::<Bincode>()
            .then(double)
    };
    gives(numbers, [2, 2]).await;
}

#[tokio::test]
async fn report_names_each_closure() {
    let make = || {
        let numbers = Pipeline::from_iter(0..10_u64);
        numbers
            .map(|n| n + 1)
            .filter(|n| n % 2 == 0)
            .named("even")
            .take(2)
    };
    assert_eq!(make().stages(), ["map", "even", "take"]);
    let fused = make().run_local().report().await.unwrap();
    // The source produces only what is requested.
    assert_eq!(
        counts(&fused),
        [("map", 4, 4), ("even", 4, 2), ("take", 2, 2)]
    );
    for (items, report) in run_all_ways(make).await {
        assert_eq!(items, [2, 4]);
        let report = report.unwrap();
        let last = report.stages.last().unwrap();
        assert_eq!(last.stage, "take");
        assert_eq!(last.report.as_ref().unwrap().items_out, 2);
    }
}

#[tokio::test]
async fn take_stops_what_is_before_it() {
    gives(|| Pipeline::source(endless()).map(|n| n).take(3), 0..3).await;
    gives(|| Pipeline::produce(naturals).take(3).map(|n| n), 0..3).await;
    gives(|| Pipeline::produce(naturals).take_while(|n| *n < 3), 0..3).await;
    // The last item ends the operator; it does not wait for another one.
    gives(|| Pipeline::source(then_idle(0..3)).take(3), 0..3).await;
    gives(|| Pipeline::source(then_idle([])).take(0), []).await;
}

#[tokio::test]
async fn take_drops_the_source_with_its_last_item() {
    struct Held(Arc<AtomicBool>);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let held = Held(Arc::clone(&dropped));
    let source = (0..).inspect(move |_: &u64| assert!(!held.0.load(Ordering::SeqCst)));
    let mut run = Pipeline::from_iter(source).take(2).run_local();
    assert_eq!(run.next().await.unwrap().unwrap(), 0);
    assert!(!dropped.load(Ordering::SeqCst));
    assert_eq!(run.next().await.unwrap().unwrap(), 1);
    assert!(dropped.load(Ordering::SeqCst));
}

#[tokio::test]
async fn an_error_names_the_closure_and_the_item() {
    let parse = || {
        let texts = ["1", "2", "x", "4"].map(str::to_owned);
        Pipeline::from_iter(texts)
            .try_map(|text| text.parse::<u64>())
            .named("parse")
            .map(|n| n)
    };
    let later = || {
        let texts = ["1", "2", "x", "4"].map(str::to_owned);
        let parsed = Pipeline::from_iter(texts).try_map_async(async |text| text.parse::<u64>());
        parsed.named("parse").map(|n| n)
    };
    let all = both_ways(parse)
        .await
        .into_iter()
        .chain(both_ways(later).await);
    for ran in all {
        assert_eq!(ran.items, [1, 2]);
        assert_eq!(
            ran.end,
            "stage_failed in parse at 2: invalid digit found in string"
        );
    }
}

#[tokio::test]
async fn a_panic_names_the_closure_and_the_item() {
    fn careful(n: u64) -> u64 {
        assert!(n != 2, "not two");
        n
    }
    let numbers = || Pipeline::from_iter(0..5_u64).map(|n| n);
    let mut all = Vec::new();
    all.extend(both_ways(|| numbers().map(careful).named("careful").map(|n| n)).await);
    all.extend(both_ways(|| numbers().map_async(async |n| careful(n)).named("careful")).await);
    let lazy = || {
        numbers()
            .flat_map(|n| (n..=n).map(careful))
            .named("careful")
            .map(|n| n)
    };
    all.extend(both_ways(lazy).await);
    for ran in all {
        assert_eq!(ran.items, [0, 1]);
        assert_eq!(ran.end, "stage_panicked in careful at 2: panicked: not two");
    }
}

#[tokio::test]
async fn an_item_without_a_json_form_is_refused_both_ways() {
    let make =
        || Pipeline::from_iter([1, 2_u64]).map(|n| std::collections::HashMap::from([((n, n), n)]));
    let [fused, over_channels] = both_ways(make).await;
    assert!(
        fused.end.starts_with("bad_output in map at 0"),
        "{}",
        fused.end
    );
    assert_eq!(fused, over_channels);
}

#[tokio::test]
async fn cancelling_ends_a_closure_that_gives_nothing() {
    let worker = Worker::embedded().await.unwrap();
    let make = || Pipeline::source(endless()).filter(|_| false);
    make().run_local().cancel().await;
    make().start(&worker).await.unwrap().cancel().await;
    let overdue = Duration::from_millis(20);
    for ran in both_ways(|| make().deadline(overdue)).await {
        assert!(ran.end.starts_with("deadline"), "{}", ran.end);
    }
}
