//! The settings in the parentheses of the attribute.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pipewright::format::{Bincode, Json};
use pipewright::{
    Consumer, Pipeline, Producer, Receiver, Result, Sender, Stage, StageExt, Worker, pipeline_stage,
};
use serde_json::Value;
use tokio::sync::Barrier;

use super::runs::{fused, gives, items, served};

#[pipeline_stage]
fn without_an_id(number: u32) -> u32 {
    number
}

#[pipeline_stage(id = "test::named")]
async fn with_an_id(mut output: Sender<u32>) -> Result<()> {
    output.send(0).await?;
    Ok(())
}

#[pipeline_stage]
async fn r#loop(mut input: Receiver<u32>) -> Result<()> {
    while input.recv().await?.is_some() {}
    Ok(())
}

/// Stages with the same name in two modules.
mod left {
    #[pipewright::pipeline_stage]
    pub(super) fn parse(number: u32) -> u32 {
        number + 1
    }
}

mod right {
    #[pipewright::pipeline_stage]
    pub(super) fn parse(number: u32) -> u32 {
        number + 2
    }
}

#[test]
fn default_id_is_package_and_path() {
    let here = "pipewright::it::stage::settings";
    assert_eq!(without_an_id().id(), format!("{here}::without_an_id"));
    assert_eq!(with_an_id().id(), "test::named");
    assert_eq!(r#loop().id(), format!("{here}::loop"));
    assert_eq!(left::parse().id(), format!("{here}::left::parse"));
    assert_eq!(right::parse().id(), format!("{here}::right::parse"));
}

#[test]
fn stages_of_one_name_in_two_functions_have_two_ids() {
    fn one() -> String {
        #[pipeline_stage]
        fn local(number: u32) -> u32 {
            number
        }
        local().id()
    }
    fn other() -> String {
        #[pipeline_stage]
        fn local(number: u32) -> u32 {
            number
        }
        local().id()
    }
    assert!(one().ends_with("::one::local"), "{}", one());
    assert_ne!(one(), other());
}

#[tokio::test]
async fn two_workers_do_not_take_each_others_stage() {
    let engine = pipewright::Engine::builder().in_process();
    let engine = engine.start().await.unwrap();
    let connect = || Worker::builder(engine.address()).connect();
    let (one, other) = (connect().await.unwrap(), connect().await.unwrap());
    one.register(left::parse).unwrap();
    one.register(right::parse).unwrap();
    other.register(right::parse).unwrap();
    one.registered().await.unwrap();
    other.registered().await.unwrap();
    let run = Pipeline::from_iter([10])
        .then(left::parse.remote())
        .then(right::parse.remote())
        .start(&one)
        .await
        .unwrap();
    assert_eq!(run.collect::<Vec<_>>().await.unwrap(), [13]);
}

#[pipeline_stage(output = Bincode)]
fn to_bincode(number: u32) -> (u32, u32) {
    (number, number)
}

#[pipeline_stage(input = Bincode, output = Json)]
fn from_bincode(pair: (u32, u32)) -> u32 {
    pair.0 + pair.1
}

#[tokio::test]
async fn formats() {
    let worker = Worker::embedded().await.unwrap();
    let ran = served(&worker, to_bincode, &Value::Null, &items(0..3)).await;
    assert_eq!(ran.items(), [(0, 0), (1, 1), (2, 2)]);
    let pipeline = || {
        Pipeline::from_iter(0..3)
            .then(to_bincode)
            .then(from_bincode)
    };
    let fused: Vec<u32> = pipeline().run_local().collect().await.unwrap();
    let run = pipeline().start(&worker).await.unwrap();
    let over_channels: Vec<u32> = run.collect().await.unwrap();
    assert_eq!(fused, [0, 2, 4]);
    assert_eq!(over_channels, fused);
}

/// Ends only when three items are processed concurrently.
static MEETING: LazyLock<Barrier> = LazyLock::new(|| Barrier::new(3));

#[pipeline_stage(concurrency = 3)]
async fn meet(number: u32) -> u32 {
    MEETING.wait().await;
    number
}

/// Items are output in the order 2, 1, 0.
#[pipeline_stage(concurrency = 3, unordered)]
async fn backwards(number: u32) -> Vec<u32> {
    static NEXT: AtomicUsize = AtomicUsize::new(2);
    while NEXT.load(Ordering::SeqCst) != number as usize {
        tokio::task::yield_now().await;
    }
    NEXT.store((number as usize + 2) % 3, Ordering::SeqCst);
    vec![number]
}

const LANES: usize = 2;

#[pipeline_stage(concurrency = LANES + 1, ordered)]
async fn backwards_in_order(number: u32) -> u32 {
    static NEXT: AtomicUsize = AtomicUsize::new(2);
    while NEXT.load(Ordering::SeqCst) != number as usize {
        tokio::task::yield_now().await;
    }
    NEXT.store((number as usize + 2) % 3, Ordering::SeqCst);
    number
}

#[tokio::test]
async fn concurrency() {
    gives(meet, Value::Null, items(0..6), items(0..6)).await;
    let ran = fused(backwards, &Value::Null, &items(0..3)).await;
    assert_eq!(ran.items(), [2, 1, 0]);
    let ran = fused(backwards_in_order, &Value::Null, &items(0..3)).await;
    assert_eq!(ran.items(), [0, 1, 2]);
}

#[pipeline_stage(blocking)]
fn elsewhere(number: u32, caller: &mut Option<bool>, params: String) -> (u32, bool, String) {
    let first = caller.is_none();
    *caller = Some(true);
    let _ = thread::current();
    (number, first, params)
}

#[pipeline_stage(blocking, concurrency = 2)]
fn names_of_threads(number: u32) -> impl Iterator<Item = String> {
    (0..number).map(|_| format!("{:?}", thread::current().id()))
}

#[tokio::test]
async fn blocking() {
    let expected = [(0, true, "p".to_owned()), (1, false, "p".to_owned())];
    gives(elsewhere, "p".into(), items(0..2), items(expected)).await;
    let here = format!("{:?}", thread::current().id());
    let ran = fused(names_of_threads, &Value::Null, &items([2, 1])).await;
    let names = ran.items();
    assert_eq!(names.len(), 3);
    // The iterator runs there as well.
    assert!(names.iter().all(|name| *name != here));
}
