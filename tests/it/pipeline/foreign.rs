//! Stages without pipewright: functions that open channel ends themselves, end in various ways, and
//! may leave ends open.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures::StreamExt;
use pipewright::{
    ChannelReader, ChannelWriter, Engine, Error, Invocation, Pipeline, Receiver, Result, Sender,
    StageContext, StageRequest, Worker, pipeline_stage, remote,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::endless;
use super::ran::{Ran, ran, then_idle};
use crate::support::within;

/// How a foreign stage ends after it has read something.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
enum Ends {
    Well,
    /// Closes its writer, and returns although there is more to read.
    Early,
    /// Fails, and leaves its ends open.
    Fails,
    /// Returns, and leaves its ends open.
    LeavesOpen,
    /// Reads everything, and opens its writer only if there is something to write.
    WritesLate,
}

/// Ends that stages have left open, kept until the end of the tests.
static LEFT_OPEN: Mutex<Vec<(ChannelReader, ChannelWriter)>> = Mutex::new(Vec::new());

async fn foreign(request: StageRequest, invocation: Invocation) -> Result<Value> {
    let ends = Ends::deserialize(&request.params["ends"])?;
    let worker = invocation.worker();
    let mut reader = worker.reader(&request.reader_ref.unwrap());
    let mut writer = worker.writer(&request.writer_ref.unwrap()).plain();
    let mut read = 0;
    while let Some(bytes) = reader.next_bytes().await? {
        read += bytes.len();
        writer.write(bytes).await?;
        writer.flush().await?;
        match ends {
            Ends::Well | Ends::WritesLate => {}
            Ends::Early => break,
            Ends::Fails | Ends::LeavesOpen => {
                LEFT_OPEN.lock().unwrap().push((reader, writer));
                return match ends {
                    Ends::Fails => Err(Error::msg("raised in the middle")),
                    _ => Ok(json!({"bytes_in": read, "bytes_out": read})),
                };
            }
        }
    }
    if read > 0 || ends != Ends::WritesLate {
        writer.close().await?;
    }
    Ok(Value::Null)
}

async fn foreigners() -> Worker {
    let worker = Worker::embedded().await.unwrap();
    worker.register_function("foreign", foreign).unwrap();
    let answers = async |_: Value| Ok::<_, Error>(json!({}));
    worker.register_function("answers", answers).unwrap();
    let fails = async |_: Value| Err::<Value, _>(Error::msg("not today"));
    worker.register_function("fails", fails).unwrap();
    worker.register(pass).unwrap();
    worker.registered().await.unwrap();
    worker
}

#[pipeline_stage(id = "foreign::pass")]
async fn pass(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    while let Some(n) = input.recv().await? {
        output.send(n).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "foreign::first")]
async fn first(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    for _ in 0..2 {
        let Some(n) = input.recv().await? else { break };
        output.send(n).await?;
    }
    Ok(())
}

/// Fused, and over channels, with the foreign stage at different positions.
async fn in_all_places(ends: &str, numbers: Vec<u64>, idle: bool) -> Vec<(String, Ran<u64>)> {
    use pipewright::StageExt;
    let worker = foreigners().await;
    let stage = || remote::<u64, u64>("foreign").with_params(json!({ "ends": ends }));
    let source = || {
        let numbers = numbers.clone();
        if idle {
            Pipeline::source(then_idle(numbers).boxed())
        } else {
            Pipeline::source(futures::stream::iter(numbers).boxed())
        }
    };
    let mut all = Vec::new();
    for far in [false, true] {
        let mut way = async |place, run: (Ran<u64>, Ran<u64>)| {
            all.push(
                (format!("{place}, {}", if far { "far" } else { "fused" }), {
                    if far { run.1 } else { run.0 }
                }),
            );
        };
        if far {
            let last = ran(source().then(stage()).start(&worker).await.unwrap()).await;
            way("last", (Ran::complete([]), last)).await;
            let run = source().then(stage()).then(pass);
            let before = ran(run.start(&worker).await.unwrap()).await;
            way("before a stage", (Ran::complete([]), before)).await;
            let run = source().then(stage()).then(pass.remote());
            let before = ran(run.start(&worker).await.unwrap()).await;
            way("before a remote stage", (Ran::complete([]), before)).await;
        } else {
            let last = ran(source().then(stage()).run_local_with(&worker)).await;
            way("last", (last, Ran::complete([]))).await;
            let run = source().then(stage()).then(pass);
            let before = ran(run.run_local_with(&worker)).await;
            way("before a stage", (before, Ran::complete([]))).await;
        }
    }
    all
}

#[tokio::test]
async fn stage_failing_with_an_open_writer_fails_the_run() {
    let begin = Instant::now();
    for (place, ran) in in_all_places("Fails", (0..9).collect(), true).await {
        assert!(ran.end.contains("in foreign: "), "{place}: {ran:?}");
        assert!(ran.end.contains("raised in the middle"), "{place}: {ran:?}");
    }
    assert!(
        begin.elapsed() < Duration::from_secs(15),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test]
async fn stage_returning_with_an_open_writer_fails_the_run() {
    let begin = Instant::now();
    for (place, ran) in in_all_places("LeavesOpen", (0..9).collect(), true).await {
        let cause = "output_left_open in foreign: ";
        assert!(ran.end.starts_with(cause), "{place}: {ran:?}");
    }
    assert!(
        begin.elapsed() < Duration::from_secs(19),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test]
async fn a_stage_that_closes_early_ends_the_run_well() {
    for (place, ran) in in_all_places("Early", vec![7], true).await {
        assert_eq!(ran, Ran::complete([7]), "{place}");
    }
}

#[tokio::test]
async fn a_stage_that_never_wrote_gives_an_empty_output() {
    for (place, ran) in in_all_places("WritesLate", vec![], false).await {
        assert_eq!(ran, Ran::complete([]), "{place}");
    }
    for (place, ran) in in_all_places("WritesLate", vec![1, 2], false).await {
        assert_eq!(ran, Ran::complete([1, 2]), "{place}");
    }
}

#[tokio::test]
async fn foreign_stage_stops_when_its_reader_stops() {
    use pipewright::StageExt;
    let worker = foreigners().await;
    let stage = || remote::<u64, u64>("foreign").with_params(json!({"ends": "Well"}));
    let numbers = || Pipeline::source(then_idle(0..5));
    let run = numbers().then(stage()).then(first);
    assert_eq!(
        ran(run.run_local_with(&worker)).await,
        Ran::complete([0, 1])
    );
    let run = numbers().then(stage()).then(first).start(&worker).await;
    assert_eq!(ran(run.unwrap()).await, Ran::complete([0, 1]));
    let run = numbers().then(pass.remote()).then(first).start(&worker);
    assert_eq!(ran(run.await.unwrap()).await, Ran::complete([0, 1]));
}

#[tokio::test]
async fn function_that_opens_no_stream_is_reported() {
    let worker = foreigners().await;
    for items in [vec![], vec![0, 1, 2]] {
        let make = || Pipeline::from_iter(items.clone()).then(remote::<u64, u64>("answers"));
        let fused = ran(make().run_local_with(&worker)).await;
        let far = ran(make().start(&worker).await.unwrap()).await;
        for ran in [fused, far] {
            assert!(ran.end.starts_with("no_stage in answers: "), "{ran:?}");
            assert!(ran.end.ends_with("is it a stage?"), "{ran:?}");
        }
    }
    let make = || {
        Pipeline::source(then_idle(0..3))
            .then(remote::<u64, u64>("fails"))
            .then(pass)
    };
    let fused = ran(make().run_local_with(&worker)).await;
    let far = ran(make().start(&worker).await.unwrap()).await;
    for ran in [fused, far] {
        assert!(ran.end.contains("in fails: "), "{ran:?}");
        assert!(ran.end.contains("not today"), "{ran:?}");
    }
}

#[pipeline_stage(id = "foreign::waits_to_be_told")]
pub(super) async fn waits_to_be_told(
    mut input: Receiver<u64>,
    mut output: Sender<u64>,
    context: &StageContext,
) -> Result<()> {
    loop {
        tokio::select! {
            () = context.cancelled() => return Ok(()),
            item = input.recv() => match item? {
                Some(n) => output.send(n).await?,
                None => return Ok(()),
            },
        }
    }
}

/// A stage that handles the signal and ends normally, and one that waits for its input.
#[tokio::test]
async fn a_worker_that_shuts_down_is_told_as_the_cause() {
    for id in ["foreign::waits_to_be_told", "foreign::pass"] {
        let engine = Engine::builder().in_process().start().await.unwrap();
        let worker = Worker::builder(engine.address()).connect().await.unwrap();
        let far = Worker::builder(engine.address()).connect().await.unwrap();
        far.register(waits_to_be_told).unwrap();
        far.register(pass).unwrap();
        far.registered().await.unwrap();
        let run = Pipeline::source(then_idle(0..3)).then(remote::<u64, u64>(id));
        let mut run = run.start(&worker).await.unwrap();
        for n in 0..3 {
            assert_eq!(within(run.next()).await.unwrap().unwrap(), n);
        }
        within(far.shutdown()).await.unwrap();
        let ran = ran(run).await;
        assert!(ran.end.contains(&format!("in {id}: ")), "{ran:?}");
        assert!(ran.end.contains("shuts down"), "{ran:?}");
    }
}

#[tokio::test]
async fn a_lost_engine_is_told_as_the_cause() {
    let engine = Engine::builder()
        .listen("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let url = engine.url().unwrap().to_string();
    let worker = Worker::connect(url).await.unwrap();
    let run = Pipeline::source(then_idle(0..3)).then(pass).start(&worker);
    let mut run = run.await.unwrap();
    assert_eq!(within(run.next()).await.unwrap().unwrap(), 0);
    within(engine.shutdown()).await;
    let ran = ran(run).await;
    assert!(ran.end.starts_with("engine_lost in run: "), "{ran:?}");
}

#[tokio::test]
async fn foreign_stages_whose_reader_left_have_stopped_early() {
    use pipewright::StageExt;
    let worker = foreigners().await;
    let stage = || remote::<u64, u64>("foreign").with_params(json!({ "ends": "Well" }));
    let make = || {
        Pipeline::source(endless())
            .then(stage())
            .then(stage())
            .then(first)
    };
    for _ in 0..10 {
        let fused = ran(make().run_local_with(&worker)).await;
        assert_eq!(fused, Ran::complete([0, 1]));
        let over_channels = ran(make().start(&worker).await.unwrap()).await;
        assert_eq!(over_channels, Ran::complete([0, 1]));
    }
}
