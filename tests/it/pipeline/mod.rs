//! Pipelines, fused and over the channels of an embedded engine.

mod branches;
mod events;
mod policies;
mod processes;
mod random;
mod runs;
mod stages;

use std::time::Duration;

use futures::StreamExt;
use pipewright::pipeline::Segment;
use pipewright::{Address, Engine, EngineStats, Pipeline, RunError, RunReport, Worker};
use tokio::time::timeout;

/// What nothing here takes, even on a busy machine: reached only by a test that fails.
const FAILED: Duration = Duration::from_secs(60);

/// An engine that listens, and what it is reached by.
struct House {
    engine: Engine,
}

impl House {
    async fn new() -> Self {
        let engine = Engine::builder().listen("127.0.0.1:0").start().await;
        Self {
            engine: engine.unwrap(),
        }
    }

    /// A worker within the process, and one by socket.
    async fn workers(&self) -> [Worker; 2] {
        let socket = Address::from(self.engine.url().unwrap().clone());
        [
            Worker::connect(self.engine.address()).await.unwrap(),
            Worker::connect(socket).await.unwrap(),
        ]
    }

    /// Waits until no channel is left and no call.
    async fn is_quiet(&self) {
        self.until(|stats| stats.channels == 0 && stats.calls == 0)
            .await;
    }

    /// Waits until the engine holds what it should.
    async fn until(&self, holds: impl Fn(EngineStats) -> bool) {
        let held = async {
            while !holds(self.engine.stats()) {
                tokio::task::yield_now().await;
            }
        };
        let held = timeout(FAILED, held).await.is_ok();
        assert!(held, "the engine holds {:?}", self.engine.stats());
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
    timeout(FAILED, ways).await.expect("a run does not end");
    all
}

/// Numbers without an end, which give way to others in between.
fn endless() -> impl futures::Stream<Item = u64> + Send + 'static {
    futures::stream::iter(0..).then(async |n| {
        tokio::task::yield_now().await;
        n
    })
}
