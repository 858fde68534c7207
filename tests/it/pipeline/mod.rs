//! Pipelines, fused and over the channels of an embedded engine.

mod branches;
mod closures;
mod composed;
mod dead_letters;
mod differential;
mod endings;
mod events;
mod foreign;
mod late_ends;
mod letter_boxes;
mod order;
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

/// An engine, and what it is reached by.
struct House {
    engine: TestEngine,
}

impl House {
    async fn new() -> Self {
        Self {
            engine: TestEngine::start().await,
        }
    }

    /// A worker by socket, and one within the process where the engine is.
    async fn workers(&self) -> Vec<Worker> {
        let addresses = self.engine.addresses().into_iter();
        join_all(addresses.map(|address| self.engine.worker(address))).await
    }

    /// A worker by socket.
    async fn worker(&self) -> Worker {
        self.engine.worker(self.engine.address()).await
    }

    /// Waits until no channel is left and no call.
    async fn is_quiet(&self) {
        let quiet = |stats: &EngineStats| stats.channels == 0 && stats.calls == 0;
        self.engine.settled(quiet).await;
    }
}

/// What a run gave and how it ended.
type Ran<T> = (Vec<T>, Result<RunReport, RunError>);

/// Runs the pipeline in all ways: fused, over memory and over WebSocket. Nothing may be left.
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

/// Numbers without an end, which give way to others in between.
fn endless() -> impl futures::Stream<Item = u64> + Send + 'static {
    futures::stream::iter(0..).then(async |n| {
        tokio::task::yield_now().await;
        n
    })
}
