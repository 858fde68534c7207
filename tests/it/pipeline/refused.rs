//! A format rejects the same values in both ways to run a pipeline.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::Bytes;
use pipewright::format::{Bincode, Lines, TokioCodec};
use pipewright::pipeline::Segment;
use pipewright::{Payload, Pipeline, Receiver, Result, Sender, StageError, pipeline_stage};
use serde::{Deserialize, Serialize};
use tokio_util::codec::{LengthDelimitedCodec, LinesCodec};

use super::run_all_ways;

/// The items before the refusal, the reported stage and item, and the reason; the same in every way
/// to run.
async fn refused<P>(make: impl Fn() -> Pipeline<P>) -> (Vec<P::Out>, String, Option<u64>, String)
where
    P: Segment<Out: Debug + PartialEq>,
{
    let mut all = Vec::new();
    for (items, end) in run_all_ways(make).await {
        let error = end.unwrap_err();
        let cause = error.first_cause();
        assert_eq!(cause.code, StageError::BAD_OUTPUT, "{error:#}");
        let stage = cause.stage.clone().unwrap_or_default();
        all.push((items, stage, cause.item, cause.message.clone()));
    }
    for way in &all[1..] {
        assert_eq!(*way, all[0]);
    }
    all.remove(0)
}

#[tokio::test]
async fn a_number_that_json_lacks_is_blamed_on_the_source() {
    let numbers = [Some(1.5), None, Some(f64::NAN), Some(2.5)];
    let (items, stage, item, message) = refused(|| Pipeline::from_iter(numbers)).await;
    assert_eq!(items, [Some(1.5), None]);
    assert_eq!((stage.as_str(), item), ("source", Some(2)));
    assert!(message.contains("NaN is not a JSON number"), "{message}");
}

#[pipeline_stage(id = "test::invert")]
fn invert(number: f64) -> f64 {
    1.0 / number
}

#[pipeline_stage(id = "test::same")]
fn same(number: f64) -> f64 {
    number
}

#[tokio::test]
async fn number_without_json_form_is_attributed_to_its_stage() {
    let make = || Pipeline::from_iter([1.0, 0.0, 2.0]).then(invert).then(same);
    let (items, stage, item, _) = refused(make).await;
    assert!(items.len() <= 1, "{items:?}");
    assert_eq!((stage.as_str(), item), ("test::invert", Some(1)));
}

#[tokio::test]
async fn a_key_that_json_lacks_is_refused() {
    let map = BTreeMap::from([((1, 2), 3)]);
    let (_, stage, item, message) = refused(|| Pipeline::from_iter([map.clone()])).await;
    assert_eq!((stage.as_str(), item), ("source", Some(0)));
    assert!(message.ends_with("key must be a string"), "{message}");
}

#[tokio::test]
async fn a_line_with_a_line_end_is_refused() {
    let lines = || ["a", "b\nc"].map(str::to_owned);
    let make = || Pipeline::from_iter(lines()).format::<Lines>();
    let (items, _, item, _) = refused(make).await;
    assert_eq!((items, item), (vec!["a".to_owned()], Some(1)));
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sparse {
    #[serde(skip_serializing_if = "Option::is_none")]
    a: Option<u8>,
    b: u8,
}

#[tokio::test]
async fn omitted_field_is_refused_by_a_positional_format() {
    let item = |a| Sparse { a, b: 1 };
    let make = || Pipeline::from_iter([item(Some(0)), item(None)]).format::<Bincode>();
    let (items, _, number, message) = refused(make).await;
    assert_eq!((items, number), (vec![item(Some(0))], Some(1)));
    assert!(message.contains("`a` is left out"), "{message}");
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    Number(u64),
    Text(String),
}

#[tokio::test]
async fn self_describing_type_is_refused_by_a_positional_format() {
    let make = || Pipeline::from_iter([None, Some(Either::Number(1))]).format::<Bincode>();
    let (items, _, number, message) = refused(make).await;
    assert_eq!((items, number), (vec![None], Some(1)));
    assert!(message.contains("cannot be read back"), "{message}");
}

#[pipeline_stage(id = "test::sends_on")]
async fn sends_on(mut input: Receiver<f64>, mut output: Sender<f64>) -> Result<()> {
    while let Some(number) = input.recv().await? {
        if let Err(error) = output.send(1.0 / number).await {
            assert_eq!(error.item_number(), Some(1));
            output.send(0.0).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn stage_may_continue_after_a_refused_item() {
    for (items, end) in run_all_ways(|| Pipeline::from_iter([1.0, 0.0, 2.0]).then(sends_on)).await {
        end.unwrap();
        assert_eq!(items, [1.0, 0.0, 0.5]);
    }
}

#[tokio::test]
async fn json_text_of_several_lines_is_one_item() {
    let pretty = || serde_json::from_str::<Payload>("[\n1,\n\"a\"\n]").unwrap();
    for (items, end) in run_all_ways(|| Pipeline::from_iter([pretty(), pretty()])).await {
        end.unwrap();
        let values: Vec<(u8, String)> = items.iter().map(|item| item.parse().unwrap()).collect();
        assert_eq!(values, [(1, "a".to_owned()), (1, "a".to_owned())]);
    }
}

/// Such a codec reveals only by encoding and decoding which items it supports.
#[tokio::test]
async fn items_of_other_codecs_are_the_same_in_each_way() {
    type Frames = TokioCodec<LengthDelimitedCodec>;
    type Text = TokioCodec<LinesCodec>;
    let sizes = [3, 9 << 20];
    let make = || Pipeline::from_iter(sizes.map(|len| Bytes::from(vec![0; len])));
    let (items, stage, item, _) = refused(|| make().format::<Frames>()).await;
    assert_eq!((items.len(), stage.as_str(), item), (1, "source", Some(1)));

    let lines = || ["a\nb", "c"].map(str::to_owned);
    for (items, end) in run_all_ways(|| Pipeline::from_iter(lines()).format::<Text>()).await {
        assert!(end.is_err(), "three items of two");
        assert_eq!(items, ["a", "b", "c"]);
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Touchy(u32);

impl Serialize for Touchy {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        assert_ne!(self.0, 3, "this one cannot be written");
        serializer.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for Touchy {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self)
    }
}

#[pipeline_stage(id = "test::touchy_items")]
fn touchy(number: u32) -> Touchy {
    Touchy(number)
}

#[tokio::test]
async fn panic_while_encoding_is_attributed_to_its_stage() {
    for (_, end) in run_all_ways(|| Pipeline::from_iter(1..6_u32).then(touchy)).await {
        let error = end.unwrap_err();
        let cause = error.first_cause();
        let blamed = (cause.stage.as_deref(), cause.code.as_str());
        assert_eq!(
            blamed,
            (Some("test::touchy_items"), StageError::PANICKED),
            "{error:#}"
        );
    }
}
