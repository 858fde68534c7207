//! The failure of a stage, by its kind and by how it fails.

use futures::stream::{self, Stream, StreamExt};
use pipewright::{
    Abort, Error, Pipeline, Receiver, Result, Sender, StageContext, StageError, StageRequest,
    Worker, pipeline_stage,
};
use serde_json::{Value, json};

use super::runs::{Step, fails, fused, items, served, trigger};
use crate::support::{over_both, within};

/// The number that none of these stages can process.
const BAD: u32 = 2;

fn check(number: u32) -> Result<u32> {
    if number == BAD {
        Err(Error::msg("two is too many"))
    } else {
        Ok(number)
    }
}

#[track_caller]
fn assert_failed(failure: &Abort, item: Option<u64>) {
    assert_eq!(failure.code, StageError::FAILED, "{failure:?}");
    assert_eq!(failure.message, "two is too many");
    assert_eq!(failure.item, item);
}

#[track_caller]
fn assert_panicked(failure: &Abort, item: Option<u64>) {
    assert_eq!(failure.code, StageError::PANICKED, "{failure:?}");
    assert!(
        failure.message.contains("two is too many"),
        "{}",
        failure.message
    );
    assert_eq!(failure.item, item);
}

#[pipeline_stage]
fn fail(number: u32) -> Result<u32> {
    check(number)
}

#[pipeline_stage]
async fn fail_later(number: u32) -> Result<Vec<u32>> {
    tokio::task::yield_now().await;
    check(number).map(|number| vec![number])
}

#[pipeline_stage(concurrency = 3)]
async fn fail_among_others(number: u32) -> Result<u32> {
    tokio::task::yield_now().await;
    check(number)
}

#[pipeline_stage(blocking)]
fn fail_elsewhere(number: u32) -> Result<u32> {
    check(number)
}

#[pipeline_stage]
fn fail_within(number: u32) -> impl Iterator<Item = Result<u32>> {
    (0..=number).map(check)
}

#[pipeline_stage]
fn fail_within_a_stream(number: u32) -> impl Stream<Item = Result<u32>> {
    stream::iter(0..=number).then(|number| async move { check(number) })
}

#[tokio::test]
async fn an_error_at_an_item() {
    for (items_before, failure) in [
        fails(fail, Value::Null, items(0..5)).await,
        fails(fail_later, Value::Null, items(0..5)).await,
        fails(fail_among_others, Value::Null, items(0..5)).await,
        fails(fail_elsewhere, Value::Null, items(0..5)).await,
    ] {
        assert_eq!(items_before, [0, 1]);
        assert_failed(&failure, Some(2));
    }
}

#[tokio::test]
async fn an_error_among_the_outputs_of_an_item() {
    for (items_before, failure) in [
        fails(fail_within, Value::Null, items([1, 3])).await,
        fails(fail_within_a_stream, Value::Null, items([1, 3])).await,
    ] {
        assert_eq!(items_before, [0, 1, 0, 1]);
        assert_failed(&failure, Some(1));
    }
}

fn panic_at(number: u32) -> u32 {
    assert!(number != BAD, "two is too many");
    number
}

#[pipeline_stage]
fn panics(number: u32) -> u32 {
    panic_at(number)
}

#[pipeline_stage]
async fn panics_later(number: u32) -> u32 {
    tokio::task::yield_now().await;
    panic_at(number)
}

#[pipeline_stage(concurrency = 3)]
async fn panics_among_others(number: u32) -> u32 {
    tokio::task::yield_now().await;
    panic_at(number)
}

#[pipeline_stage(blocking)]
fn panics_elsewhere(number: u32) -> u32 {
    panic_at(number)
}

#[pipeline_stage]
fn panics_within(number: u32) -> impl Iterator<Item = u32> {
    std::iter::once(number).map(panic_at)
}

#[pipeline_stage(concurrency = 3)]
async fn panics_within_among_others(number: u32) -> impl Stream<Item = u32> {
    stream::iter([number]).map(panic_at)
}

#[tokio::test]
async fn a_panic_at_an_item() {
    for (items_before, failure) in [
        fails(panics, Value::Null, items(0..5)).await,
        fails(panics_later, Value::Null, items(0..5)).await,
        fails(panics_among_others, Value::Null, items(0..5)).await,
        fails(panics_elsewhere, Value::Null, items(0..5)).await,
        fails(panics_within, Value::Null, items(0..5)).await,
        fails(panics_within_among_others, Value::Null, items(0..5)).await,
    ] {
        assert_eq!(items_before, [0, 1]);
        assert_panicked(&failure, Some(2));
    }
}

#[pipeline_stage]
fn says_what_is_bad(number: u32, context: &StageContext) -> Result<u32> {
    context.send_message(format!("looks at {number}"));
    check(number)
}

#[tokio::test]
async fn what_is_said_before_a_failure_arrives_before_it() {
    let said = |number: u32| Step::Message(format!("looks at {number}"));
    let expected = [said(0), Step::Item(0), said(1), Step::Item(1), said(2)];
    let ran = fused(says_what_is_bad, &Value::Null, &items(0..5)).await;
    assert_eq!(ran.seen, expected);
    assert_failed(&ran.ended.unwrap_err(), Some(2));
    over_both(async |house| {
        let ran = served(&house.worker, says_what_is_bad, &Value::Null, &items(0..5)).await;
        assert_eq!(ran.seen, expected);
        assert_failed(&ran.ended.unwrap_err(), Some(2));
    })
    .await;
}

#[pipeline_stage]
async fn fail_in_control(mut input: Receiver<u32>, mut output: Sender<u32>) -> Result<()> {
    while let Some(number) = input.recv().await? {
        output.send(check(number)?).await?;
    }
    Ok(())
}

#[pipeline_stage]
async fn panics_in_control(mut input: Receiver<u32>, mut output: Sender<u32>) -> Result<()> {
    while let Some(number) = input.recv().await? {
        output.send(panic_at(number)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_function_of_the_ends_that_fails() {
    let (before, failure) = fails(fail_in_control, Value::Null, items(0..5)).await;
    assert_eq!(before, [0, 1]);
    assert_failed(&failure, None);
    let (before, failure) = fails(panics_in_control, Value::Null, items(0..5)).await;
    assert_eq!(before, [0, 1]);
    assert_panicked(&failure, None);
}

#[derive(Clone, serde::Deserialize)]
struct Needed {
    needed: u32,
}

#[pipeline_stage]
fn needs_params(number: u32, params: &Needed) -> u32 {
    number + params.needed
}

#[pipeline_stage(concurrency = 2)]
async fn needs_params_among_others(number: u32, params: Needed) -> u32 {
    number + params.needed
}

#[pipeline_stage]
async fn needs_params_in_control(
    mut input: Receiver<u32>,
    mut output: Sender<u32>,
    params: Needed,
) -> Result<()> {
    while let Some(number) = input.recv().await? {
        output.send(number + params.needed).await?;
    }
    Ok(())
}

#[tokio::test]
async fn parameters_that_cannot_be_read() {
    for params in [Value::Null, json!({"needed": "word"}), json!([])] {
        for (before, failure) in [
            fails(needs_params, params.clone(), items(0..3)).await,
            fails(needs_params_among_others, params.clone(), items(0..3)).await,
            fails(needs_params_in_control, params.clone(), items(0..3)).await,
        ] {
            assert!(before.is_empty());
            assert_eq!(failure.code, StageError::BAD_PARAMS, "{failure:?}");
        }
    }
}

#[pipeline_stage(id = "test::produce")]
async fn produce(mut output: Sender<u32>) -> Result<()> {
    for number in 0..5 {
        output.send(check(number)?).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "test::consume")]
async fn consume(mut input: Receiver<u32>) -> Result<()> {
    while let Some(number) = input.recv().await? {
        check(number)?;
    }
    Ok(())
}

#[tokio::test]
async fn refs_that_are_missing() {
    let worker = Worker::embedded().await.unwrap();
    worker.register(fail).unwrap();
    worker.register(fail_in_control).unwrap();
    worker.register(produce).unwrap();
    worker.register(consume).unwrap();
    let request = StageRequest::default();
    let mut only_reader = StageRequest::default();
    let channel: pipewright::Channel<u32> = worker.channel(None).await.unwrap();
    only_reader.reader_ref = Some(channel.reader_ref.get_ref().clone());
    for (id, request, missing) in [
        (
            concat!(env!("CARGO_PKG_NAME"), "::it::stage::failures::fail"),
            &request,
            "readerRef",
        ),
        (
            "pipewright::it::stage::failures::fail_in_control",
            &request,
            "readerRef",
        ),
        (
            "pipewright::it::stage::failures::fail_in_control",
            &only_reader,
            "writerRef",
        ),
        ("test::produce", &request, "writerRef"),
        ("test::consume", &request, "readerRef"),
    ] {
        let refused = within(trigger(&worker, id, request)).await.unwrap_err();
        assert_eq!(refused.code, StageError::BAD_REQUEST);
        assert!(
            refused.message.contains(missing),
            "{id}: {}",
            refused.message
        );
        assert_eq!(refused.stage.as_deref(), Some(id));
    }
}

#[tokio::test]
async fn a_producer_and_a_consumer_that_fail() {
    let worker = Worker::embedded().await.unwrap();
    worker.register(produce).unwrap();
    worker.register(consume).unwrap();

    let mut channel: pipewright::Channel<u32> = worker.channel(None).await.unwrap();
    let mut request = StageRequest::default();
    request.writer_ref = Some(channel.writer_ref.get_ref().clone());
    let reading = async {
        loop {
            match channel.receiver.recv().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the stream is whole"),
                Err(error) => break Error::from(error),
            }
        }
    };
    let call = trigger(&worker, "test::produce", &request);
    let (answer, read) = within(futures::future::join(call, reading)).await;
    let failure = answer.unwrap_err();
    assert_failed(&failure, None);
    assert_eq!(read.abort(), Some(&failure));

    let mut channel: pipewright::Channel<u32> = worker.channel(None).await.unwrap();
    let mut request = StageRequest::default();
    request.reader_ref = Some(channel.reader_ref.get_ref().clone());
    let writing = async {
        // Until the consumer has gone.
        while channel.sender.send(BAD).await.is_ok() {}
    };
    let call = trigger(&worker, "test::consume", &request);
    let (answer, ()) = within(futures::future::join(call, writing)).await;
    assert_failed(&answer.unwrap_err(), None);
}

#[pipeline_stage]
async fn consume_and_panic(mut input: Receiver<u32>) -> Result<()> {
    while let Some(number) = input.recv().await? {
        panic_at(number);
    }
    Ok(())
}

#[pipeline_stage]
async fn take_one(mut input: Receiver<u32>) -> Result<()> {
    input.recv().await?;
    Ok(())
}

#[tokio::test]
async fn a_consumer_within_a_process() {
    let run = Pipeline::from_iter(0..5).consume(consume).run_local();
    let error = within(run.report()).await.unwrap_err();
    assert_failed(error.first_cause(), None);
    let run = Pipeline::from_iter(0..5)
        .consume(consume_and_panic)
        .run_local();
    let error = within(run.report()).await.unwrap_err();
    assert_panicked(error.first_cause(), None);
    // It leaves, so the source, which outputs nothing more and never ends, is not awaited.
    let source = stream::iter([0]).chain(stream::pending());
    let run = Pipeline::source(source).consume(take_one).run_local();
    within(run.report()).await.unwrap();
}
