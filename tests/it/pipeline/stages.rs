//! Stages for the tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use pipewright::__private::{BoxFuture, Ends};
use pipewright::format::Json;
use pipewright::{
    Consumer, Error, Receiver, Result, Sender, Service, StageContext, StageError, StageReport,
    pipeline_stage,
};
use serde::Deserialize;
use serde_json::Value;

/// Doubles a number.
#[pipeline_stage(id = "test::double")]
pub(super) fn double(n: u64) -> u64 {
    n.wrapping_mul(2)
}

#[pipeline_stage(id = "test::increment")]
pub(super) async fn increment(n: u64) -> u64 {
    tokio::task::yield_now().await;
    n.wrapping_add(1)
}

#[pipeline_stage(id = "test::odd")]
pub(super) fn odd(n: &u64) -> bool {
    n % 2 == 1
}

#[pipeline_stage(id = "test::twice")]
pub(super) fn twice(n: u64) -> Vec<u64> {
    vec![n, n]
}

#[pipeline_stage(id = "test::busy", concurrency = 4, ordered)]
pub(super) async fn busy(n: u64) -> u64 {
    for _ in 0..n % 5 {
        tokio::task::yield_now().await;
    }
    n
}

/// Sends a message about each item before it outputs the item.
#[pipeline_stage(id = "test::announce")]
pub(super) fn announce(n: u64, context: &StageContext) -> u64 {
    context.send_message(format!("saw {n}"));
    n
}

/// Pairs each item with its number in this copy of the stage, so that copies become visible.
#[pipeline_stage(id = "test::number")]
pub(super) fn number(n: u64, seen: &mut u64) -> (u64, u64) {
    *seen += 1;
    (n, *seen)
}

/// Removes the number again.
#[pipeline_stage(id = "test::strip")]
pub(super) fn strip(numbered: (u64, u64)) -> u64 {
    numbered.0
}

/// Fails at multiples of five; panics at `1_000_000_013`, which random pipelines do not reach.
#[pipeline_stage(id = "test::no_fives")]
pub(super) fn no_fives(n: u64) -> Result<u64> {
    assert_ne!(n, 1_000_000_013, "thirteen at the end");
    if n.is_multiple_of(5) {
        return Err(Error::msg(format_args!("{n} is a five")));
    }
    Ok(n)
}

/// Returns what the context contains.
#[pipeline_stage(id = "test::known")]
pub(super) fn known(n: u64, context: &StageContext) -> String {
    let metadata = context.metadata().cloned().unwrap_or_default();
    format!("{n} {metadata}")
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SumsOf {
    every: Option<u64>,
}

/// Outputs the sum of every group of items, and of the rest at the end.
#[pipeline_stage(id = "test::sums")]
pub(super) async fn sums(
    mut input: Receiver<u64>,
    mut output: Sender<u64>,
    params: SumsOf,
) -> Result<()> {
    let (every, mut seen, mut sum) = (params.every.unwrap_or(3), 0, 0_u64);
    while let Some(n) = input.recv().await? {
        seen += 1;
        sum = sum.wrapping_add(n);
        if seen == every {
            output.send(sum).await?;
            (seen, sum) = (0, 0);
        }
    }
    output.send(sum).await?;
    Ok(())
}

/// Outputs the first five items and stops.
#[pipeline_stage(id = "test::first")]
pub(super) async fn first(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    for _ in 0..5 {
        let Some(n) = input.recv().await? else { break };
        output.send(n).await?;
    }
    Ok(())
}

/// Never reads and never ends.
#[pipeline_stage(id = "test::hang")]
pub(super) async fn hang(input: Receiver<u64>, output: Sender<u64>) -> Result<()> {
    let _held = (input, output);
    std::future::pending().await
}

/// The numbers below 500, with a message before each multiple of ten.
#[pipeline_stage(id = "test::count")]
pub(super) async fn count(mut output: Sender<u64>) -> Result<()> {
    for n in 0..500 {
        if n % 10 == 0 {
            output.send_message(format!("at {n}")).await?;
        }
        output.send(n).await?;
    }
    Ok(())
}

/// Takes this many items and counts them.
#[derive(Clone)]
pub(super) struct Take {
    most: u64,
    took: Arc<AtomicU64>,
}

impl Take {
    pub(super) fn new(most: u64) -> Self {
        Self {
            most,
            took: Arc::default(),
        }
    }

    pub(super) fn took(&self) -> u64 {
        self.took.load(SeqCst)
    }
}

impl Consumer for Take {
    type In = u64;
    type Format = Json;
    type Params = Value;

    fn id(&self) -> String {
        "test::take".to_owned()
    }

    fn start(
        &self,
        mut input: Receiver<u64>,
        _: Value,
        _: StageContext,
    ) -> impl Future<Output = Result<()>> + Send + 'static + use<> {
        let (most, took) = (self.most, Arc::clone(&self.took));
        async move {
            for _ in 0..most {
                if input.recv().await?.is_none() {
                    break;
                }
                took.fetch_add(1, SeqCst);
            }
            Ok(())
        }
    }
}

impl Service for Take {
    fn service_id(&self) -> String {
        self.id()
    }

    fn serve_boxed(
        &self,
        ends: Ends,
        context: StageContext,
    ) -> BoxFuture<'static, Result<StageReport, StageError>> {
        Box::pin(self.clone().serve(ends, context))
    }
}
