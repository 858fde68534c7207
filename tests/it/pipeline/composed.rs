//! Composed stages, and what wrapped stages forward.

use std::time::Duration;

use pipewright::__private::Placement;
use pipewright::{
    Backoff, Compose, Event, ItemStageExt, Pipeline, Policy, Result, Run, RunReport, Service,
    Stage, StageExt, Worker, pipeline_stage, remote,
};
use serde_json::json;

use super::stages::{announce, double, increment, no_fives, sums};
use super::{House, run_all_ways};

fn names(report: &RunReport) -> Vec<&str> {
    let stages = report.stages.iter();
    stages.map(|stage| stage.stage.as_str()).collect()
}

#[tokio::test]
async fn parts_of_a_composed_stage_appear_in_the_run() {
    let ran = run_all_ways(|| {
        Pipeline::from_iter(0..4_u64).then(double.then(increment).then(no_fives).then(double))
    });
    for (items, report) in ran.await {
        let error = report.unwrap_err();
        assert_eq!(items, [2, 6]);
        assert_eq!(error.first_cause().stage.as_deref(), Some("test::no_fives"));
    }
    let ran = run_all_ways(|| Pipeline::from_iter(0..4_u64).then(double.then(increment)));
    for (items, report) in ran.await {
        assert_eq!(items, [1, 3, 5, 7]);
        let report = report.unwrap();
        assert_eq!(
            names(&report),
            ["source", "test::double", "test::increment"]
        );
        for stage in &report.stages[1..] {
            let counts = stage.report.as_ref().unwrap();
            assert_eq!((counts.items_in, counts.items_out), (4, 4), "{report}");
        }
    }
}

#[tokio::test]
async fn a_composed_stage_keeps_its_remote_part() {
    let house = House::new().await;
    let (worker, other) = (house.worker().await, house.worker().await);
    other.register(increment).unwrap();
    other.register(sums).unwrap();
    other.registered().await.unwrap();
    let far = || {
        let far = remote::<u64, u64>("test::increment");
        let sums = sums.remote().with_params(json!({"every": 2}));
        Pipeline::from_iter(0..4_u64).then(double.then(far).then(sums))
    };
    let run = far().run_local_with(&worker);
    assert_eq!(run.collect::<Vec<_>>().await.unwrap(), [4, 12, 0]);
    let run = far().start(&worker).await.unwrap();
    assert_eq!(run.collect::<Vec<_>>().await.unwrap(), [4, 12, 0]);
    // Registered as one stage, it forwards to the worker of its part.
    worker.register(double.then(increment.remote())).unwrap();
    worker.registered().await.unwrap();
    let run = Pipeline::from_iter(0..3_u64)
        .then(remote::<u64, u64>("test::double+test::increment"))
        .start(&other)
        .await
        .unwrap();
    assert_eq!(run.collect::<Vec<_>>().await.unwrap(), [1, 3, 5]);
    house.is_quiet().await;
}

/// Adds a number to each item.
#[pipeline_stage(id = "test::add")]
fn add(n: u64, params: &Addend) -> u64 {
    n + params.addend
}

#[derive(serde::Deserialize)]
struct Addend {
    addend: u64,
}

fn every(every: u64) -> serde_json::Value {
    json!({ "every": every })
}

#[tokio::test]
async fn composed_parameters_go_to_parts_that_take_them() {
    let ran = run_all_ways(|| {
        let inner = double.then(sums.with_params(every(2)));
        Pipeline::from_iter(0..4_u64).then(inner)
    });
    for (items, report) in ran.await {
        report.unwrap();
        assert_eq!(items, [2, 10, 0]);
    }
    let ran = run_all_ways(|| {
        Pipeline::from_iter(0..4_u64).then(double.then(sums).with_params(every(2)))
    });
    for (items, report) in ran.await {
        report.unwrap();
        assert_eq!(items, [2, 10, 0]);
    }
    // A part keeps its own parameters, and all others get the same.
    let ran = run_all_ways(|| {
        let own = add.with_params(json!({"addend": 100}));
        let all = own.then(double).then(add);
        Pipeline::from_iter(0..2_u64).then(all.with_params(json!({"addend": 1})))
    });
    for (items, report) in ran.await {
        report.unwrap();
        assert_eq!(items, [201, 203]);
    }
    // Parts that take no parameters reject them.
    let ran = run_all_ways(|| {
        Pipeline::from_iter(0..2_u64).then(double.then(increment).with_params(every(2)))
    });
    for (_, report) in ran.await {
        let error = report.unwrap_err();
        assert_eq!(error.first_cause().stage.as_deref(), Some("test::double"));
    }
}

#[tokio::test]
async fn of_parameters_set_twice_the_later_count() {
    let ran = run_all_ways(|| {
        let twice = sums.with_params(every(3)).with_params(every(2));
        Pipeline::from_iter(0..4_u64).then(twice)
    });
    for (items, report) in ran.await {
        report.unwrap();
        assert_eq!(items, [1, 5, 0]);
    }
}

#[tokio::test]
async fn parameters_go_with_a_stage_to_its_worker() {
    let house = House::new().await;
    let (worker, other) = (house.worker().await, house.worker().await);
    other.register(sums).unwrap();
    other.register(double.then(sums)).unwrap();
    other.registered().await.unwrap();
    let far = sums.with_params(every(2)).remote();
    let run = Pipeline::from_iter(0..4_u64).then(far).start(&worker).await;
    let items = run.unwrap().collect::<Vec<_>>().await;
    assert_eq!(items.unwrap(), [1, 5, 0]);
    let far = double.then(sums.with_params(every(2))).remote();
    let run = Pipeline::from_iter(0..4_u64).then(far).start(&worker).await;
    let items = run.unwrap().collect::<Vec<_>>().await;
    assert_eq!(items.unwrap(), [2, 10, 0]);
    house.is_quiet().await;
}

fn at_once() -> Backoff {
    let wait = Duration::from_millis(1);
    Backoff::new().first(wait).base(wait).cap(wait)
}

#[test]
fn wrapping_stage_forwards_the_facts_of_its_stage() {
    let plain = add().facts();
    assert_eq!(
        plain.info.description.as_deref(),
        Some("Adds a number to each item.")
    );
    let params = json!({"addend": 7});
    let layers = add
        .with_params(&params)
        .retry(2, at_once())
        .on_error(Policy::Skip)
        .retry(1, at_once());
    let facts = layers.facts();
    assert_eq!((&facts.id, &facts.info), (&plain.id, &plain.info));
    assert_eq!((&facts.params, facts.takes_params), (&params, true));
    assert_eq!(layers.service_info(), plain.info);
    let far = add.with_params(&params).remote().facts();
    assert_eq!((&far.id, &far.info), (&plain.id, &plain.info));
    assert_eq!(
        (&far.params, far.placement),
        (&params, Placement::Registered)
    );
    let both = increment.then(add.on_error(Policy::Skip)).facts();
    assert_eq!(
        both.info.description.as_deref(),
        Some("Adds a number to each item.")
    );
    assert_eq!(both.info.input, plain.info.input);
}

#[tokio::test]
async fn a_policy_may_be_set_after_the_parameters() {
    let ran = run_all_ways(|| {
        let params = json!({"addend": 7});
        let before = add.with_params(&params).on_error(Policy::Skip);
        let after = add.retry(1, at_once()).with_params(&params);
        Pipeline::from_iter(0..2_u64).then(before).then(after)
    });
    for (items, report) in ran.await {
        report.unwrap();
        assert_eq!(items, [14, 15]);
    }
}

async fn messages(mut run: Run<impl pipewright::pipeline::RunSource<Item = u64>>) -> Vec<String> {
    let mut messages = Vec::new();
    while let Some(event) = run.next_event().await {
        if let Event::Message(text) = event.unwrap() {
            messages.push(text.to_string());
        }
    }
    messages
}

#[tokio::test]
async fn a_policy_and_parameters_keep_messages_in_their_place() -> Result<()> {
    let make = || Pipeline::from_iter([7, 8]).then(announce.on_error(Policy::Skip).then(double));
    let worker = Worker::embedded().await?;
    let expected = ["saw 7", "saw 8"];
    assert_eq!(messages(make().run_local()).await, expected);
    assert_eq!(messages(make().start(&worker).await?).await, expected);
    Ok(())
}
