//! Pipelines, fused and over the channels of an embedded engine.

mod branches;
mod closures;
mod composed;
mod copied;
mod dead_letters;
mod differential;
mod drain;
mod endings;
mod events;
mod files;
mod foreign;
mod late_ends;
mod letter_boxes;
mod metadata;
mod order;
mod pairs;
mod policies;
mod processes;
mod ran;
mod refused;
mod resources;
mod runs;
mod shutdown;
mod stages;
mod supervision;
mod timed;

use futures::StreamExt;
use futures::future::join_all;
use pipewright::pipeline::Segment;
use pipewright::{EngineStats, Pipeline, RunError, RunReport, Worker};

use crate::support::{FAILED, TestEngine};

/// An engine and the addresses to reach it.
struct House {
    engine: TestEngine,
}

impl House {
    async fn new() -> Self {
        Self {
            engine: TestEngine::start().await,
        }
    }

    /// A worker over a socket, and one within the process if the engine is embedded.
    async fn workers(&self) -> Vec<Worker> {
        let addresses = self.engine.addresses().into_iter();
        join_all(addresses.map(|address| self.engine.worker(address))).await
    }

    /// A worker over a socket.
    async fn worker(&self) -> Worker {
        self.engine.worker(self.engine.address()).await
    }

    /// Waits until no channels and no calls are left.
    async fn is_quiet(&self) {
        let quiet = |stats: &EngineStats| stats.channels == 0 && stats.calls == 0;
        self.engine.settled(quiet).await;
    }
}

/// The output of a run, and how it ended.
type Ran<T> = (Vec<T>, Result<RunReport, RunError>);

/// Runs the pipeline in all ways: fused, in memory and over WebSocket. Nothing may be left behind.
async fn run_all_ways<P: Segment>(make: impl Fn() -> Pipeline<P>) -> Vec<Ran<P::Out>> {
    let house = House::new().await;
    let mut all = Vec::new();
    let ways = async {
        let mut run = make().run_local();
        let mut items = Vec::new();
        while let Some(Ok(item)) = run.next().await {
            items.push(item);
        }
        all.push((items, run.report().await));
        for worker in house.workers().await {
            let mut run = make().start(&worker).await.unwrap();
            let mut items = Vec::new();
            while let Some(Ok(item)) = run.next().await {
                items.push(item);
            }
            all.push((items, run.report().await));
            house.is_quiet().await;
        }
    };
    tokio::time::timeout(FAILED, ways)
        .await
        .expect("a run does not end");
    all
}

/// Endless numbers, which yield to other tasks in between.
fn endless() -> impl futures::Stream<Item = u64> + Send + 'static {
    futures::stream::iter(0..).then(async |n| {
        tokio::task::yield_now().await;
        n
    })
}
