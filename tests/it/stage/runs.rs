//! Runs one stage in every possible way on the same input.

use futures::future::join3;
use pipewright::format::{Decode, Encode, Json};
use pipewright::{
    Abort, CallError, Channel, Event, IntoStage, Pipeline, Receiver, Result, RunError, Sender,
    Stage, StageExt, StageReport, StageRequest, Worker, pipeline_stage,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{over_both, within};

/// An element of a stream, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Step<T> {
    Item(T),
    Message(String),
}

pub(super) fn items<T>(items: impl IntoIterator<Item = T>) -> Vec<Step<T>> {
    items.into_iter().map(Step::Item).collect()
}

/// Items with a message before each and one after all.
pub(super) fn with_messages<T>(items: impl IntoIterator<Item = T>) -> Vec<Step<T>> {
    let mut steps = Vec::new();
    for (number, item) in items.into_iter().enumerate() {
        steps.push(Step::Message(format!("before {number}")));
        steps.push(Step::Item(item));
    }
    steps.push(Step::Message("after all".to_owned()));
    steps
}

/// The result of a run.
#[derive(Debug)]
pub(super) struct Ran<T> {
    pub(super) seen: Vec<Step<T>>,
    /// How the output ended.
    pub(super) ended: Result<(), Abort>,
    /// The answer of the stage, if it was triggered.
    pub(super) answer: Option<Result<StageReport, Abort>>,
}

impl<T> Ran<T> {
    pub(super) fn items(self) -> Vec<T> {
        let item = |step| match step {
            Step::Item(item) => Some(item),
            Step::Message(_) => None,
        };
        self.seen.into_iter().filter_map(item).collect()
    }
}

/// The metadata of every input.
pub(super) fn metadata() -> Value {
    json!({"from": "the test"})
}

#[pipeline_stage(id = "test::feed")]
pub(super) async fn feed(mut output: Sender<u32>, params: Vec<Step<u32>>) -> Result<()> {
    send(&mut output, params).await
}

async fn send(output: &mut Sender<u32>, steps: Vec<Step<u32>>) -> Result<()> {
    for step in steps {
        match step {
            Step::Item(item) => output.send(item).await?,
            Step::Message(text) => output.send_message(text).await?,
        }
    }
    Ok(())
}

/// Runs a stage fused with a producer.
pub(super) async fn fused<S, Form>(
    stage: S,
    params: &Value,
    input: &[Step<u32>],
) -> Ran<<S::Stage as Stage>::Out>
where
    S: IntoStage<Form>,
    S::Stage: Stage<In = u32, InFormat = Json>,
{
    let mut run = Pipeline::produce(feed.with_params(input))
        .metadata(metadata())
        .then(stage.with_params(params))
        .run_local();
    let mut seen = Vec::new();
    let mut ended = Ok(());
    while let Some(event) = within(run.next_event()).await {
        match event {
            Ok(Event::Item(item)) => seen.push(Step::Item(item)),
            Ok(Event::Message(text)) => seen.push(Step::Message(text.to_string())),
            Ok(_) => {}
            Err(error) => ended = Err(RunError::first_cause(&error).clone()),
        }
    }
    Ran {
        seen,
        ended,
        answer: None,
    }
}

/// Runs a registered stage between two channels.
pub(super) async fn served<S, Form>(
    worker: &Worker,
    stage: S,
    params: &Value,
    input: &[Step<u32>],
) -> Ran<<S::Stage as Stage>::Out>
where
    S: IntoStage<Form>,
    S::Stage: Stage<In = u32, InFormat = Json>,
{
    let stage = stage.into_stage();
    let id = stage.id();
    worker.register(stage.clone()).unwrap();
    let to: Channel<u32> = worker.channel(None).await.unwrap();
    let from = channel_of(worker, &stage).await;
    let mut request = StageRequest::default();
    request.reader_ref = Some(to.reader_ref.get_ref().clone());
    request.writer_ref = Some(from.writer_ref.get_ref().clone());
    request.params = params.clone();
    let sending = async {
        let mut sender = to.sender.with_content(metadata());
        // A failing stage takes no more input.
        if send(&mut sender, input.to_vec()).await.is_ok() {
            let _ = sender.close().await;
        }
    };
    let called = async { trigger(worker, &id, &request).await };
    let (answer, (seen, ended), ()) = within(join3(called, received(from.receiver), sending)).await;
    Ran {
        seen,
        ended,
        answer: Some(answer),
    }
}

async fn channel_of<S: Stage>(worker: &Worker, _: &S) -> Channel<S::Out, S::OutFormat> {
    worker.channel(None).await.unwrap()
}

/// Everything that arrives, and how it ended. The header has the metadata of the input.
async fn received<T, F>(mut receiver: Receiver<T, F>) -> (Vec<Step<T>>, Result<(), Abort>)
where
    T: Send + 'static,
    F: Encode<T> + Decode<T>,
{
    let mut seen = Vec::new();
    if let Ok(Some(header)) = receiver.header().await {
        // A stage that rejects its parameters has not read its input.
        assert!(header.content.is_none() || header.content == Some(metadata()));
    }
    loop {
        match receiver.events().next().await {
            Ok(Some(Event::Item(item))) => seen.push(Step::Item(item)),
            Ok(Some(Event::Message(text))) => seen.push(Step::Message(text.to_string())),
            Ok(Some(_)) => {}
            Ok(None) => return (seen, Ok(())),
            Err(error) => {
                let abort = pipewright::Error::from(error).abort().cloned();
                return (seen, Err(abort.expect("the stream was aborted")));
            }
        }
    }
}

/// Triggers a stage. Its failure is an abort as JSON.
pub(super) async fn trigger(
    worker: &Worker,
    id: &str,
    request: &StageRequest,
) -> Result<StageReport, Abort> {
    let answer: Result<StageReport, CallError> = worker.trigger(id, request).call().await;
    answer.map_err(|error| match error {
        CallError::Failed { error, .. } => {
            let abort: Abort = serde_json::from_str(&error.message).unwrap();
            assert_eq!(abort.code, error.code);
            abort
        }
        other => panic!("{other}"),
    })
}

fn count<T>(steps: &[Step<T>]) -> u64 {
    let items = steps.iter().filter(|step| matches!(step, Step::Item(_)));
    items.count() as u64
}

/// Runs a stage fused, in memory and over a socket, and asserts that the results are equal.
pub(super) async fn gives<S, Form>(
    stage: S,
    params: Value,
    input: Vec<Step<u32>>,
    expected: Vec<Step<<S::Stage as Stage>::Out>>,
) where
    S: IntoStage<Form>,
    S::Stage: Stage<In = u32, InFormat = Json>,
    <S::Stage as Stage>::Out: PartialEq + std::fmt::Debug,
{
    let stage = stage.into_stage();
    let ran = fused(stage.clone(), &params, &input).await;
    assert_eq!(ran.ended, Ok(()), "fused");
    assert_eq!(ran.seen, expected, "fused");
    over_both(async |house| {
        let ran = served(&house.worker, stage.clone(), &params, &input).await;
        assert_eq!(ran.ended, Ok(()));
        assert_eq!(ran.seen, expected);
        let report = ran.answer.unwrap().unwrap();
        assert_eq!(report.items_in, count(&input));
        assert_eq!(report.items_out, count(&expected));
    })
    .await;
}

/// Runs a stage that fails in every way. The failure must be the same each time, for the reader of
/// the output and for the caller. Returns it, with the items before it.
pub(super) async fn fails<S, Form>(
    stage: S,
    params: Value,
    input: Vec<Step<u32>>,
) -> (Vec<<S::Stage as Stage>::Out>, Abort)
where
    S: IntoStage<Form>,
    S::Stage: Stage<In = u32, InFormat = Json>,
    <S::Stage as Stage>::Out: PartialEq + std::fmt::Debug,
{
    let stage = stage.into_stage();
    let ran = fused(stage.clone(), &params, &input).await;
    let failure = ran.ended.clone().unwrap_err();
    assert_eq!(failure.stage, Some(stage.id()));
    let items = ran.items();
    over_both(async |house| {
        let ran = served(&house.worker, stage.clone(), &params, &input).await;
        assert_eq!(ran.ended.as_ref(), Err(&failure), "the reader");
        assert_eq!(ran.answer, Some(Err(failure.clone())), "the caller");
        assert_eq!(ran.items(), items);
    })
    .await;
    (items, failure)
}
