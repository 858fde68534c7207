//! Messages, metadata and progress in a pipeline.

use std::collections::BTreeSet;
use std::time::Duration;

use pipewright::pipeline::{RunSource, Segment};
use pipewright::testing::{self, Bench};
use pipewright::{
    Compose, Event, Pipeline, Receiver, Result, Run, Sender, StageContext, StageExt, StageReport,
    Worker, pipeline_stage, remote,
};
use serde_json::json;
use tokio::sync::Notify;

use super::stages::{Take, announce, busy, count, double, known, no_fives, sums};
use super::{House, endless};
use crate::support::within;

/// Items and messages, as text, in order.
async fn told<T: ToString>(mut run: Run<impl RunSource<Item = T>>) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(event) = run.next_event().await {
        match event.unwrap() {
            Event::Item(item) => all.push(item.to_string()),
            Event::Message(text) => all.push(format!("\"{text}\"")),
            _ => {}
        }
    }
    all
}

async fn told_all_ways<P: Segment<Out: ToString>>(
    make: impl Fn() -> Pipeline<P>,
) -> Vec<Vec<String>> {
    let house = House::new().await;
    let mut all = vec![told(make().run_local()).await];
    for worker in house.workers().await {
        all.push(told(make().start(&worker).await.unwrap()).await);
        house.is_quiet().await;
    }
    all
}

#[tokio::test]
async fn messages_keep_their_place_among_the_items() {
    let all = told_all_ways(|| {
        Pipeline::produce(count)
            .then(double)
            .then(busy)
            .then(double)
    });
    let expected: Vec<_> = (0..500)
        .flat_map(|n| {
            let message = (n % 10 == 0).then(|| format!("\"at {n}\""));
            message.into_iter().chain([(n * 4).to_string()])
        })
        .collect();
    for told in all.await {
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn what_a_stage_says_goes_before_what_it_gives_then() {
    let all = told_all_ways(|| Pipeline::from_iter(1..=3_u64).then(announce).then(double));
    for told in all.await {
        let expected = ["\"saw 1\"", "2", "\"saw 2\"", "4", "\"saw 3\"", "6"];
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn order_across_copies_holds_for_messages_too() {
    let all = told_all_ways(|| {
        Pipeline::from_iter(0..100_u64)
            .parallel_ordered(3, announce)
            .parallel_ordered(2, double)
    });
    let expected: Vec<_> = (0..100)
        .flat_map(|n| [format!("\"saw {n}\""), (2 * n).to_string()])
        .collect();
    for told in all.await {
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn a_broadcast_copies_messages_and_a_partition_does_not() {
    let branched = told_all_ways(|| {
        Pipeline::produce(count)
            .broadcast()
            .branch(|numbers| numbers.then(double))
            .branch(|numbers| numbers)
            .merge()
    });
    let messages = |told: Vec<String>| told.iter().filter(|one| one.starts_with('"')).count();
    for told in branched.await {
        assert_eq!(messages(told), 100);
    }
    let parted = told_all_ways(|| {
        Pipeline::produce(count).partition(4, |n| *n, |numbers| numbers.then(double))
    });
    for told in parted.await {
        assert_eq!(messages(told), 50);
    }
}

#[tokio::test]
async fn a_side_branch_gives_no_messages_back() {
    let all = told_all_ways(|| {
        Pipeline::from_iter(1..=2_u64)
            .then(announce)
            .tee(|numbers| numbers.consume(Take::new(u64::MAX)))
            .then(double)
    });
    for told in all.await {
        assert_eq!(told, ["\"saw 1\"", "2", "\"saw 2\"", "4"]);
    }
}

#[tokio::test]
async fn metadata_reaches_every_stage() {
    let all = told_all_ways(|| {
        Pipeline::from_iter(1..=2_u64)
            .then(double)
            .parallel_ordered(2, double)
            .then(known)
            .metadata(json!({"run": 7}))
    });
    for told in all.await {
        assert_eq!(told, [r#"4 {"run":7}"#, r#"8 {"run":7}"#]);
    }
}

#[tokio::test]
async fn progress_of_every_stage_reaches_the_end() {
    let house = House::new().await;
    for worker in house.workers().await {
        let far = house.worker().await;
        far.register(sums).unwrap();
        far.registered().await.unwrap();
        let mut run = Pipeline::source(endless())
            .then(double)
            .partition(2, |n| *n, |numbers| numbers.then(busy))
            .then(remote::<u64, u64>("test::sums").with_params(json!({"every": 1000})))
            .tee(|numbers| numbers.consume(Take::new(u64::MAX)))
            .progress_interval(Duration::from_millis(2))
            .start(&worker)
            .await
            .unwrap();
        let wanted = [
            "source",
            "test::double",
            "partition",
            "test::busy",
            "merge",
            "test::sums",
            "broadcast",
            "test::take",
        ];
        let mut seen = BTreeSet::new();
        while !wanted.iter().all(|stage| seen.contains(*stage)) {
            let event = tokio::time::timeout(super::FAILED, run.next_event()).await;
            let event = event.unwrap_or_else(|_| panic!("progress of {seen:?} only"));
            if let Event::Progress(progress) = event.unwrap().unwrap() {
                let report = StageReport::so_far(&progress);
                let share = report.waiting_for_input() + report.waiting_for_output();
                assert!(report.elapsed_us > 0, "{report:?}");
                assert!((0.0..=2.0).contains(&share) && report.working() <= 1.0);
                if report.items_out > 0 {
                    assert!(report.items_per_second() > 0.0);
                    assert!(report.bytes_per_second() > 0.0);
                }
                seen.insert(progress.stage.clone());
            }
        }
        run.cancel().await;
        far.shutdown().await.unwrap();
        house.is_quiet().await;
        house.engine.settled(|stats| stats.functions == 0).await;
    }
}

/// Holds up the others.
#[pipewright::pipeline_stage(id = "test::slow")]
async fn slow(n: u64) -> u64 {
    tokio::time::sleep(Duration::from_millis(2)).await;
    n
}

#[tokio::test]
async fn a_run_names_its_bottleneck() {
    let house = House::new().await;
    for worker in house.workers().await {
        let run = Pipeline::from_iter(0..100_u64)
            .then(double)
            .then(slow)
            .then(double)
            .start(&worker)
            .await
            .unwrap();
        let report = run.report().await.unwrap();
        let bottleneck = report.bottleneck().unwrap();
        assert_eq!(bottleneck.stage, "test::slow", "{report}");
        assert!(
            report.to_string().ends_with("bottleneck: test::slow"),
            "{report}"
        );
        let working = bottleneck.report.as_ref().unwrap().working();
        assert!(working > 0.5, "{report}");
    }
}

#[tokio::test]
async fn a_bench_runs_a_stage_either_way() {
    let bench = || {
        Bench::new(announce.then(double))
            .items([1, 2])
            .message("between")
            .items([3])
            .metadata(json!("known"))
    };
    for tested in [
        bench().run().await,
        bench().run_over_channels().await.unwrap(),
    ] {
        assert_eq!(tested.items, [2, 4, 6]);
        assert_eq!(tested.messages, ["saw 1", "saw 2", "between", "saw 3"]);
        let report = tested.report();
        assert_eq!((report.items_in, report.items_out), (3, 3));
    }
    let tested = testing::run(no_fives, 1..=9).await;
    assert_eq!(tested.items, [1, 2, 3, 4]);
    assert_eq!(tested.error().first_cause().item, Some(4));
    let hanging = Bench::new(super::stages::hang)
        .items([1])
        .deadline(Duration::from_millis(50));
    assert!(hanging.run().await.error().is_deadline());
    let context = Bench::new(known).items([1]).metadata(json!("known"));
    assert_eq!(context.run().await.items, [r#"1 "known""#]);
    let params = Bench::new(sums.with_params(json!({"every": 2}))).items([1, 2, 3]);
    assert_eq!(params.run_over_channels().await.unwrap().items, [3, 3]);
}

/// Takes everything, reports it, and writes when it is allowed to.
#[pipeline_stage(id = "events::tells_first")]
async fn tells_first(
    mut numbers: Receiver<u64>,
    output: Sender<u64>,
    context: &StageContext,
) -> Result<()> {
    while let Some(number) = numbers.recv().await? {
        context.send_message(format!("read {number}"));
    }
    LET.notified().await;
    let mut output = output.with_content(json!("late"));
    output.send(1).await?;
    Ok(())
}

static LET: Notify = Notify::const_new();

#[tokio::test]
async fn messages_go_out_before_the_first_item() {
    let worker = Worker::embedded().await.unwrap();
    let run = Pipeline::from_iter(0..2).then(tells_first).start(&worker);
    let mut run = run.await.unwrap();
    for expected in ["read 0", "read 1"] {
        let message = loop {
            match within(run.next_event()).await.unwrap().unwrap() {
                Event::Message(text) => break text,
                Event::Progress(_) => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(&*message, expected);
    }
    LET.notify_one();
    assert_eq!(within(run.next()).await.unwrap().unwrap(), 1);
    within(run.report()).await.unwrap();
}
