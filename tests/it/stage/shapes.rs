//! Every kind of signature: called as a function, fused, and over channels.

use std::time::Duration;

use futures::stream::{self, Stream, StreamExt};
use pipewright::{Pipeline, Result, StageContext, pipeline_stage};
use serde_json::{Value, json};

use super::runs::{Step, gives, items, with_messages};

/// Pauses like code that waits for something.
async fn pause() {
    tokio::task::yield_now().await;
}

#[pipeline_stage]
fn double(number: u32) -> u64 {
    u64::from(number) * 2
}

#[pipeline_stage]
async fn double_later(number: u32) -> Result<u64> {
    pause().await;
    Ok(u64::from(number) * 2)
}

#[tokio::test]
async fn an_item_to_an_item() {
    assert_eq!(double::call(4), 8);
    assert_eq!(double_later::call(4).await.unwrap(), 8);
    let expected = with_messages([0, 2, 4]);
    gives(double, Value::Null, with_messages(0..3), expected.clone()).await;
    gives(double_later, Value::Null, with_messages(0..3), expected).await;
    gives(double, Value::Null, Vec::new(), Vec::new()).await;
}

#[pipeline_stage]
fn even_half(number: u32) -> Option<u32> {
    number.is_multiple_of(2).then_some(number / 2)
}

#[pipeline_stage]
async fn even_half_later(number: u32) -> Result<Option<u32>, std::fmt::Error> {
    pause().await;
    Ok(even_half::call(number))
}

#[tokio::test]
async fn an_item_to_an_option() {
    assert_eq!(even_half::call(3), None);
    assert_eq!(even_half_later::call(4).await, Ok(Some(2)));
    gives(even_half, Value::Null, items(0..6), items([0, 1, 2])).await;
    gives(even_half_later, Value::Null, items(0..6), items([0, 1, 2])).await;
}

#[pipeline_stage]
fn repeat(number: u32) -> Vec<u32> {
    vec![number; number as usize]
}

#[pipeline_stage]
async fn twice(number: u32) -> [u32; 2] {
    pause().await;
    [number; 2]
}

#[pipeline_stage]
fn below(number: u32) -> impl Iterator<Item = u32> {
    0..number
}

#[pipeline_stage]
async fn below_checked(number: u32) -> Result<impl Iterator<Item = Result<u32>>> {
    pause().await;
    Ok((0..number).map(Ok))
}

#[pipeline_stage]
fn below_boxed(number: u32) -> Box<dyn Iterator<Item = u32> + Send> {
    Box::new(0..number)
}

#[tokio::test]
async fn an_item_to_many() {
    assert_eq!(repeat::call(2), [2, 2]);
    assert_eq!(twice::call(2).await, [2, 2]);
    assert_eq!(below::call(3).sum::<u32>(), 3);
    gives(repeat, Value::Null, items(0..4), items([1, 2, 2, 3, 3, 3])).await;
    gives(twice, Value::Null, items(1..3), items([1, 1, 2, 2])).await;
    let expected = [0, 0, 1, 0, 1, 2];
    gives(below, Value::Null, items(0..4), items(expected)).await;
    gives(below_checked, Value::Null, items(0..4), items(expected)).await;
    gives(below_boxed, Value::Null, items(0..4), items(expected)).await;
}

#[pipeline_stage]
fn count_up(number: u32) -> impl Stream<Item = u32> {
    stream::iter(0..number).then(|number| async move {
        tokio::time::sleep(Duration::from_micros(1)).await;
        number
    })
}

#[pipeline_stage]
async fn count_up_checked(number: u32) -> Result<impl Stream<Item = Result<u32, String>>> {
    pause().await;
    Ok(count_up::call(number).map(Ok))
}

#[tokio::test]
async fn an_item_to_a_stream() {
    let called: Vec<u32> = count_up::call(3).collect().await;
    assert_eq!(called, [0, 1, 2]);
    let expected = vec![
        Step::Message("before 0".to_owned()),
        Step::Item(0),
        Step::Item(1),
        Step::Message("before 1".to_owned()),
        Step::Item(0),
        Step::Message("after all".to_owned()),
    ];
    gives(
        count_up,
        Value::Null,
        with_messages([2, 1]),
        expected.clone(),
    )
    .await;
    gives(
        count_up_checked,
        Value::Null,
        with_messages([2, 1]),
        expected,
    )
    .await;
}

#[pipeline_stage]
fn odd(number: &u32) -> bool {
    number % 2 == 1
}

#[pipeline_stage]
async fn odd_later(number: &u32) -> Result<bool> {
    pause().await;
    Ok(odd::call(number))
}

#[pipeline_stage]
fn not_blank(line: &str) -> bool {
    !line.trim().is_empty()
}

#[pipeline_stage]
fn not_empty(numbers: &[u32]) -> bool {
    !numbers.is_empty()
}

#[tokio::test]
async fn a_filter() {
    assert!(odd::call(&3) && odd_later::call(&3).await.unwrap());
    assert!(!not_blank::call(" ") && !not_empty::call(&[]));
    gives(odd, Value::Null, items(0..6), items([1, 3, 5])).await;
    gives(odd_later, Value::Null, items(0..6), items([1, 3, 5])).await;
    let lines = ["a".to_owned(), " ".to_owned()];
    let kept: Vec<String> = Pipeline::from_iter(lines)
        .then(not_blank)
        .run_local()
        .collect()
        .await
        .unwrap();
    assert_eq!(kept, ["a"]);
    let kept: Vec<Vec<u32>> = Pipeline::from_iter([vec![], vec![1]])
        .then(not_empty)
        .run_local()
        .collect()
        .await
        .unwrap();
    assert_eq!(kept, [[1]]);
}

#[pipeline_stage]
fn running_sum(number: u32, sum: &mut u64) -> u64 {
    *sum += u64::from(number);
    *sum
}

#[pipeline_stage]
async fn pairs(number: u32, held: &mut Option<u32>) -> Option<(u32, u32)> {
    pause().await;
    if let Some(first) = held.take() {
        return Some((first, number));
    }
    *held = Some(number);
    None
}

#[tokio::test]
async fn state_lasts_for_a_run() {
    let mut sum = 0;
    running_sum::call(2, &mut sum);
    assert_eq!(running_sum::call(3, &mut sum), 5);
    // Each run starts with new state.
    gives(running_sum, Value::Null, items(1..5), items([1, 3, 6, 10])).await;
    gives(pairs, Value::Null, items(0..5), items([(0, 1), (2, 3)])).await;
}

#[pipeline_stage]
fn everything(number: u32, params: Vec<u32>, seen: &mut usize, context: StageContext) -> u32 {
    *seen += 1;
    context.send_message(format!("{seen}"));
    number + params[*seen - 1]
}

#[tokio::test]
async fn every_further_argument_at_once() {
    let message = |text: &str| Step::Message(text.to_owned());
    let expected = vec![message("1"), Step::Item(11), message("2"), Step::Item(22)];
    gives(everything, json!([10, 20]), items([1, 2]), expected).await;
}

#[derive(Clone, serde::Deserialize)]
struct Scale {
    by: u32,
    #[serde(default)]
    plus: u32,
}

#[pipeline_stage]
fn scale(number: u32, params: &Scale) -> u32 {
    number * params.by + params.plus
}

#[pipeline_stage]
async fn scale_later(number: u32, params: Scale) -> u32 {
    pause().await;
    number * params.by + params.plus
}

#[derive(serde::Deserialize)]
struct Optional {
    #[serde(default)]
    plus: u32,
}

#[pipeline_stage]
fn add(number: u32, params: &Optional) -> u32 {
    number + params.plus
}

#[tokio::test]
async fn parameters() {
    assert_eq!(scale::call(2, &Scale { by: 3, plus: 1 }), 7);
    let params = json!({"by": 10, "plus": 1});
    gives(scale, params.clone(), items(0..3), items([1, 11, 21])).await;
    gives(scale_later, params, items(0..3), items([1, 11, 21])).await;
    gives(add, Value::Null, items(0..3), items(0..3)).await;
}

#[pipeline_stage(id = "test::announce")]
fn announce(number: u32, context: &StageContext) -> Option<String> {
    if number == 1 {
        context.send_message("one");
        return None;
    }
    let from = context
        .metadata()
        .map_or("", |data| data["from"].as_str().unwrap_or(""));
    Some(format!("{}: {number} from {from}", context.stage()))
}

#[pipeline_stage(id = "test::announce_later")]
async fn announce_later(number: u32, context: StageContext, seen: &mut u32) -> Option<String> {
    pause().await;
    *seen += 1;
    context.send_message(format!("call {seen}"));
    announce::call(number, &context).filter(|_| !context.is_cancelled())
}

#[tokio::test]
async fn the_context() {
    let text = |text: &str| Step::Message(text.to_owned());
    let expected = vec![
        Step::Item("test::announce: 0 from the test".to_owned()),
        text("one"),
        Step::Item("test::announce: 2 from the test".to_owned()),
    ];
    gives(announce, Value::Null, items(0..3), expected).await;
    let expected = vec![
        text("call 1"),
        Step::Item("test::announce_later: 0 from the test".to_owned()),
        text("call 2"),
        text("one"),
    ];
    gives(announce_later, Value::Null, items(0..2), expected).await;
}
