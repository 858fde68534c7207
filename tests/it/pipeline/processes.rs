//! Stages in separate processes, and their faults. The processes are this test binary; see
//! `a_worker_process_serves_until_it_is_asked_to_stop`.

use std::env;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures::StreamExt;
use pipewright::{Pipeline, Remote, RunError, StageError, StageExt, Worker, remote};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::stages::{Take, double, hang, increment, no_fives, odd, sums, twice};
use super::{FAILED, House, endless};

/// Environment variable: makes a process a worker of the engine at this URL.
const URL: &str = "PIPEWRIGHT_TEST_WORKER_OF";

/// Environment variable: the stages of the worker.
const STAGES: &str = "PIPEWRIGHT_TEST_STAGES";

/// Environment variable: the namespace in which a worker registers its functions.
const NAMESPACE: &str = "III_NAMESPACE";

/// Printed by a worker process when the engine has its stages.
const READY: &str = "the stages are registered";

/// The test that a worker process runs.
const MAIN: &str = "pipeline::processes::a_worker_process_serves_until_it_is_asked_to_stop";

/// A worker in a separate process, which is killed when dropped.
struct Process(Child);

impl Process {
    /// Starts a worker with `stages` and waits until the engine has all of them.
    async fn start(house: &House, stages: &[&str]) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", MAIN, "--nocapture"])
            .env(URL, house.engine.url())
            .env(NAMESPACE, house.engine.namespace().unwrap_or_default())
            .env(STAGES, stages.join(","))
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        // Keeps reading, because the test harness prints to it at the end.
        let mut printed = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = async {
            while let Some(line) = printed.next_line().await.unwrap() {
                if line.ends_with(READY) {
                    return true;
                }
            }
            false
        };
        assert!(timeout(FAILED, ready).await.unwrap(), "{stages:?}");
        tokio::spawn(async move { while let Ok(Some(_)) = printed.next_line().await {} });
        Self(child)
    }

    async fn signal(&self, name: &str) {
        let id = self.0.id().expect("the process runs").to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(sent.unwrap().success());
    }

    async fn ended(&mut self) -> ExitStatus {
        let ended = timeout(FAILED, self.0.wait()).await;
        ended.expect("the process does not end").unwrap()
    }
}

fn register(worker: &Worker, stage: &str) {
    match stage {
        "double" => worker.register(double),
        "increment" => worker.register(increment),
        "twice" => worker.register(twice),
        "odd" => worker.register(odd),
        "no_fives" => worker.register(no_fives),
        "sums" => worker.register(sums),
        "hang" => worker.register(hang),
        other => panic!("no stage `{other}`"),
    }
    .unwrap();
}

fn far(stage: &str) -> Remote<u64, u64> {
    remote(format!("test::{stage}"))
}

#[tokio::test]
async fn a_worker_process_serves_until_it_is_asked_to_stop() {
    if let Ok(url) = env::var(URL) {
        let worker = Worker::connect(url.as_str()).await.unwrap();
        let stages = env::var(STAGES).unwrap();
        for stage in stages.split(',') {
            register(&worker, stage);
        }
        worker.registered().await.unwrap();
        println!("{READY}");
        worker.serve().await.unwrap();
        return;
    }
    let house = House::new().await;
    let mut process = Process::start(&house, &["double"]).await;
    let worker = house.worker().await;
    let mut run = Pipeline::source(endless().take(200))
        .then(far("double"))
        .start(&worker)
        .await
        .unwrap();
    assert_eq!(run.next().await.unwrap().unwrap(), 0);
    // Running stages finish.
    process.signal("TERM").await;
    let left: Vec<u64> = run.collect().await.unwrap();
    assert_eq!(left.len(), 199);
    assert!(process.ended().await.success());
    house.is_quiet().await;
    house.engine.settled(|stats| stats.functions == 0).await;
}

/// Two processes, the second with the stage that fails.
async fn two(house: &House, failing: &str) -> (Process, Process) {
    (
        Process::start(house, &["double", "increment"]).await,
        Process::start(house, &[failing, "twice"]).await,
    )
}

/// The result of a run of `pipeline`, which fails and leaves nothing behind.
macro_rules! failure {
    ($house:expr, $worker:expr, $pipeline:expr) => {{
        let run = $pipeline.start(&$worker).await.unwrap();
        let error = timeout(FAILED, run.collect::<Vec<u64>>()).await;
        let error: RunError = error.expect("the run does not end").unwrap_err();
        $house.is_quiet().await;
        error
    }};
}

#[tokio::test]
async fn an_error_names_stage_and_item_across_processes() {
    let house = House::new().await;
    let (_near, _far) = two(&house, "no_fives").await;
    for worker in house.workers().await {
        let error = failure!(
            house,
            worker,
            Pipeline::source(endless())
                .then(far("increment"))
                .then(far("no_fives"))
                .then(far("twice"))
                .then(double)
        );
        assert_eq!(
            error.to_string(),
            "stage test::no_fives at item 4: 5 is a five",
            "{error:?}"
        );
        assert_eq!(error.first_cause().code, StageError::FAILED);
    }
}

#[tokio::test]
async fn a_panic_names_stage_and_item_across_processes() {
    let house = House::new().await;
    let (_near, mut far_away) = two(&house, "no_fives").await;
    let worker = house.worker().await;
    let numbers = [1_000_000_011, 1_000_000_012, 1_000_000_013];
    let error = failure!(
        house,
        worker,
        Pipeline::from_iter(numbers)
            .then(far("increment"))
            .then(far("no_fives"))
            .then(far("twice"))
    );
    let cause = error.first_cause();
    assert_eq!(cause.code, StageError::PANICKED, "{error:?}");
    assert_eq!(cause.stage.as_deref(), Some("test::no_fives"));
    assert_eq!(cause.item, Some(1));
    assert!(cause.message.contains("thirteen"), "{}", cause.message);
    // The process continues.
    far_away.signal("TERM").await;
    assert!(far_away.ended().await.success());
}

#[tokio::test]
async fn a_killed_process_is_a_lost_stage() {
    let house = House::new().await;
    let (_near, mut far_away) = two(&house, "odd").await;
    for (at, worker) in house.workers().await.into_iter().enumerate() {
        if at == 1 {
            far_away = Process::start(&house, &["odd", "twice"]).await;
        }
        let mut run = Pipeline::source(endless())
            .then(far("increment"))
            .then(far("odd"))
            .then(far("double"))
            .start(&worker)
            .await
            .unwrap();
        assert_eq!(run.next().await.unwrap().unwrap(), 2);
        far_away.signal("KILL").await;
        far_away.ended().await;
        let ended = timeout(FAILED, run.report()).await;
        let error = ended.expect("the run does not end").unwrap_err();
        let cause = error.first_cause();
        assert_eq!(cause.stage.as_deref(), Some("test::odd"), "{error:?}");
        assert_eq!(cause.code, StageError::LOST, "{error:?}");
        house.is_quiet().await;
    }
}

#[tokio::test]
async fn a_stage_that_hangs_is_ended_by_the_deadline() {
    let house = House::new().await;
    let (_near, _far) = two(&house, "hang").await;
    let worker = house.worker().await;
    let error = failure!(
        house,
        worker,
        Pipeline::source(endless())
            .then(far("increment"))
            .then(far("hang"))
            .then(far("twice"))
            .deadline(Duration::from_millis(300))
    );
    assert!(error.is_deadline(), "{error:?}");
    let stages = error.first_cause().stage.clone().unwrap();
    assert!(stages.contains("test::hang"), "{stages}");
}

#[tokio::test]
async fn parameters_that_cannot_be_read_refuse_the_run() {
    let house = House::new().await;
    let (_near, _far) = two(&house, "sums").await;
    let worker = house.worker().await;
    let error = failure!(
        house,
        worker,
        Pipeline::source(endless())
            .then(far("increment"))
            .then(far("sums").with_params(json!({"evry": 2})))
            .then(far("twice"))
    );
    let cause = error.first_cause();
    assert_eq!(cause.code, StageError::BAD_PARAMS, "{error:?}");
    assert_eq!(cause.stage.as_deref(), Some("test::sums"));
    assert!(cause.message.contains("evry"), "{}", cause.message);
}

#[tokio::test]
async fn missing_stage_is_named_with_a_suggestion() {
    let house = House::new().await;
    let (_near, _far) = two(&house, "odd").await;
    let worker = house.worker().await;
    let error = failure!(
        house,
        worker,
        Pipeline::source(endless())
            .then(far("increment"))
            .then(far("doubel"))
            .then(far("twice"))
    );
    let cause = error.first_cause();
    assert_eq!(cause.code, StageError::NOT_FOUND, "{error:?}");
    assert_eq!(cause.stage.as_deref(), Some("test::doubel"));
    // An iii engine suggests no names.
    let suggests = cause.message.contains("test::double");
    assert_eq!(suggests, house.engine.is_pipewright(), "{}", cause.message);
}

#[tokio::test]
async fn consumer_that_stops_early_is_not_a_failure() {
    let house = House::new().await;
    let (_near, _far) = two(&house, "odd").await;
    for worker in house.workers().await {
        let take = Take::new(3);
        let run = Pipeline::source(endless())
            .then(far("increment"))
            .then(far("odd"))
            .then(double)
            .consume(take.clone())
            .start(&worker)
            .await
            .unwrap();
        let report = timeout(FAILED, run.report()).await;
        report.expect("the run does not end").unwrap();
        assert_eq!(take.took(), 3);
        house.is_quiet().await;
    }
}

#[tokio::test]
async fn copies_of_a_stage_run_in_another_process() {
    let house = House::new().await;
    let _near = Process::start(&house, &["twice", "increment"]).await;
    let worker = house.worker().await;
    let run = Pipeline::from_iter(0..300_u64)
        .parallel_ordered(3, far("twice"))
        .broadcast()
        .branch(|numbers| numbers.then(far("increment")))
        .branch(|numbers| numbers.parallel(2, far("increment")))
        .merge()
        .start(&worker)
        .await
        .unwrap();
    let mut items: Vec<u64> = timeout(FAILED, run.collect()).await.unwrap().unwrap();
    items.sort_unstable();
    let expected: Vec<_> = (1..=300).flat_map(|n| [n; 4]).collect();
    assert_eq!(items, expected);
    house.is_quiet().await;
}

#[tokio::test]
async fn a_dropped_run_leaves_nothing_in_other_processes() {
    let house = House::new().await;
    let (_near, _far) = two(&house, "hang").await;
    let worker = house.worker().await;
    let run = Pipeline::source(endless())
        .then(far("increment"))
        .then(far("hang"))
        .start(&worker)
        .await
        .unwrap();
    house.engine.settled(|stats| stats.calls == 2).await;
    drop(run);
    house.is_quiet().await;
}
