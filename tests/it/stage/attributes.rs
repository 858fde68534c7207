//! Other attributes and items around a function that becomes a stage.

use std::sync::{Arc, Mutex};

use pipewright::{Pipeline, Result, StageContext, pipeline_stage};
use tracing_subscriber::layer::SubscriberExt;

/// Names that a stage and a variable share.
mod text {
    use pipewright::{Receiver, Result, Sender, pipeline_stage};

    #[pipeline_stage]
    pub(super) fn words(line: String) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[pipeline_stage]
    pub(super) async fn count(mut words: Receiver<String>, mut count: Sender<u64>) -> Result<()> {
        let mut number = 0;
        while let Some(words) = words.recv().await? {
            number += u64::from(!words.is_empty());
        }
        count.send(number).await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_variable_may_have_the_name_of_a_stage() {
    use text::{count, words};

    let mut run = Pipeline::from_iter(["a b".to_owned()])
        .then(words)
        .then(count)
        .run_local();
    while let Some(count) = run.next().await {
        assert_eq!(count.unwrap(), 2);
    }
    let words = words::call("a b".to_owned());
    assert_eq!(words, ["a", "b"]);
}

mod other {
    pub(super) mod name {
        pub(crate) use pipewright::*;
    }
}

#[pipeline_stage(crate = "self::other::name")]
fn through_another_path(number: u32) -> u32 {
    number
}

#[cfg(any())]
#[pipeline_stage]
fn left_out_above(number: Missing) -> Missing {
    number
}

#[pipeline_stage]
#[cfg(any())]
fn left_out_below(number: Missing) -> Missing {
    number
}

#[pipeline_stage]
#[deprecated = "for the test"]
fn old(number: u32) -> u32 {
    number
}

#[pipeline_stage]
#[allow(non_snake_case, clippy::many_single_char_names)]
fn Upper((a, _): (u32, u32)) -> u32 {
    a
}

#[tokio::test]
async fn attributes_stay() {
    #[allow(deprecated)]
    let numbers: Vec<u32> = Pipeline::from_iter([(3, 4)])
        .then(Upper)
        .then(old)
        .then(through_another_path)
        .run_local()
        .collect()
        .await
        .unwrap();
    assert_eq!(numbers, [3]);
}

#[test]
fn stage_within_a_function_is_small_and_copy() {
    #[pipeline_stage]
    fn local(number: u32) -> u32 {
        number
    }

    fn copied<T: Copy + Default + std::fmt::Debug + Send + Sync + Unpin + 'static>(value: T) -> T {
        value
    }

    assert_eq!(format!("{:?}", copied(local())), "local");
    assert_eq!(size_of::<local>(), 0);
}

#[pipeline_stage]
fn factorial(number: u64) -> u64 {
    if number == 0 {
        1
    } else {
        number * factorial(number - 1)
    }
}

#[pipeline_stage]
async fn depth(number: u64, calls: &mut u64, context: &StageContext) -> Result<u64> {
    *calls += 1;
    if number == 0 {
        return Ok(*calls);
    }
    Box::pin(depth(number - 1, calls, context)).await
}

#[tokio::test]
async fn a_stage_may_call_itself() {
    let run = Pipeline::from_iter([3, 0])
        .then(factorial)
        .then(depth)
        .run_local();
    assert_eq!(run.collect::<Vec<_>>().await.unwrap(), [7, 9]);
    assert_eq!(factorial::call(5), 120);
}

#[pipeline_stage]
fn same_name(same_name: u32) -> u32 {
    same_name
}

#[pipeline_stage]
#[rustfmt::skip]
fn with_cfg(
    #[cfg(any())] text: String,
    #[cfg(not(any()))] number: u32,
    #[cfg(any())] params: u8,
    #[cfg_attr(not(any()), cfg(not(any())))] _context: &StageContext,
) -> u32 {
    number
}

#[pipeline_stage]
#[cfg_attr(not(any()), deprecated = "for the test")]
async fn old_too(number: u32, _params: Option<u8>) -> u32 {
    number
}

#[tokio::test]
async fn arguments_may_have_cfg_and_names_of_any_kind() {
    #[allow(deprecated)]
    let run = Pipeline::from_iter([1])
        .then(with_cfg)
        .then(same_name)
        .then(old_too)
        .run_local();
    assert_eq!(run.collect::<Vec<_>>().await.unwrap(), [1]);
}

/// The names of all spans.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<&'static str>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Spans {
    fn on_new_span(
        &self,
        span: &tracing::span::Attributes<'_>,
        _: &tracing::span::Id,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        self.0.lock().unwrap().push(span.metadata().name());
    }
}

#[pipeline_stage]
#[tracing::instrument]
fn traced(number: u64) -> u64 {
    number
}

#[pipeline_stage]
#[tracing::instrument(skip_all)]
async fn traced_too(number: u64) -> Result<u64> {
    Ok(number)
}

#[test]
fn the_span_of_an_instrumented_stage_has_its_name() {
    let spans = Spans::default();
    let subscriber = tracing_subscriber::registry().with(spans.clone());
    tracing::subscriber::with_default(subscriber, || {
        let run = Pipeline::from_iter([1]).then(traced).then(traced_too);
        futures::executor::block_on(run.run_local().collect::<Vec<_>>()).unwrap();
    });
    assert_eq!(*spans.0.lock().unwrap(), ["traced", "traced_too"]);
}
