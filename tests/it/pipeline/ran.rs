//! Runs a pipeline in both ways, and describes each end in one line.

use std::fmt::Debug;
use std::future::pending;
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use pipewright::pipeline::{RunSource, Segment};
use pipewright::{Pipeline, Run, Worker};
use tokio::time::timeout;

/// Longer than any run of these tests takes, even on a busy machine.
pub(super) const LONG: Duration = Duration::from_secs(20);

/// The output of a run, and how it ended: `complete`, the first cause, or `does not end`.
#[derive(Debug, PartialEq)]
pub(super) struct Ran<T> {
    pub(super) items: Vec<T>,
    pub(super) end: String,
}

impl<T> Ran<T> {
    pub(super) fn complete(items: impl IntoIterator<Item = T>) -> Self {
        Self {
            items: items.into_iter().collect(),
            end: "complete".to_owned(),
        }
    }

    pub(super) fn failed(&self) -> bool {
        self.end != "complete" && self.end != "does not end"
    }
}

async fn drive<T>(run: &mut Run<impl RunSource<Item = T>>, items: &mut Vec<T>) -> String {
    while let Some(item) = run.next().await {
        match item {
            Ok(item) => items.push(item),
            Err(error) => {
                let cause = error.first_cause();
                let stage = cause.stage.as_deref().unwrap_or("?");
                let item = cause.item.map(|at| format!(" at {at}")).unwrap_or_default();
                return format!("{} in {stage}{item}: {}", cause.code, cause.message);
            }
        }
    }
    "complete".to_owned()
}

pub(super) async fn ran<T>(mut run: Run<impl RunSource<Item = T>>) -> Ran<T> {
    let mut items = Vec::new();
    let ended = timeout(LONG, drive(&mut run, &mut items)).await;
    let end = ended.unwrap_or_else(|_| "does not end".to_owned());
    Ran { items, end }
}

/// Fused, and over the channels of an embedded engine.
pub(super) async fn both_ways<P: Segment<Out: Debug>>(
    make: impl Fn() -> Pipeline<P>,
) -> [Ran<P::Out>; 2] {
    let worker = Worker::embedded().await.unwrap();
    let fused = ran(make().run_local_with(&worker)).await;
    let over_channels = ran(make().start(&worker).await.unwrap()).await;
    [fused, over_channels]
}

/// Some items, and then nothing, without an end.
pub(super) fn then_idle(
    items: impl IntoIterator<Item = u64>,
) -> impl Stream<Item = u64> + Send + 'static {
    let items: Vec<_> = items.into_iter().collect();
    stream::iter(items).chain(stream::once(pending()))
}
