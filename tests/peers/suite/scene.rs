//! An engine, a worker, and the peers.

use std::future::Future;
use std::panic::Location;
use std::sync::LazyLock;
use std::time::Duration;

use futures::future::join_all;
use pipewright::{CallError, StreamChannelRef, StreamReport, Worker};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use crate::agent::{Agent, unique};
use crate::own;
use crate::peer::Peer;
use crate::test_engine::TestEngine;

/// The tests share one engine and one process per peer, because starting those takes longer than
/// most tests.
static SHARED: OnceCell<Scene> = OnceCell::const_new();
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

pub(crate) struct Scene {
    pub(crate) engine: TestEngine,
    pub(crate) worker: Worker,
    own_name: String,
    agents: Vec<(Peer, Agent)>,
}

/// Refs of a channel as they are sent.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Refs {
    #[serde(rename = "readerRef")]
    pub(crate) reader: StreamChannelRef,
    #[serde(rename = "writerRef")]
    pub(crate) writer: StreamChannelRef,
}

/// What one end of a stream reports; the messages of the stream protocol are not listed.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) messages: Vec<(u64, String)>,
}

/// Runs a test in the shared scene.
pub(crate) fn shared(test: impl AsyncFnOnce(&'static Scene)) {
    RUNTIME.block_on(async {
        let scene =
            SHARED.get_or_init(async || Scene::start(TestEngine::start().await, &Peer::SDKS).await);
        test(scene.await).await;
    });
}

/// Runs a test that creates its own scene.
pub(crate) fn alone(test: impl AsyncFnOnce()) {
    RUNTIME.block_on(test());
}

/// Waits for something that takes seconds, and fails after a minute.
#[track_caller]
pub(crate) fn within_a_minute<T>(future: impl Future<Output = T>) -> impl Future<Output = T> {
    let place = Location::caller();
    async move {
        let done = tokio::time::timeout(Duration::from_mins(1), future).await;
        done.unwrap_or_else(|_| panic!("not done within a minute: {place}"))
    }
}

impl Scene {
    pub(crate) async fn start(engine: TestEngine, peers: &[Peer]) -> Self {
        let worker = Worker::builder(engine.address())
            .name(unique(Peer::Own))
            .call_timeout(Duration::from_mins(2));
        let worker = worker.connect().await.expect("an engine");
        let own_name = unique(Peer::Own);
        own::register(&worker, &own_name);
        let starting = peers
            .iter()
            .map(async |&peer| (peer, Agent::start(&worker, engine.url(), peer).await));
        let agents = join_all(starting).await;
        Self {
            engine,
            worker,
            own_name,
            agents,
        }
    }

    /// The id of a function of `peer`.
    pub(crate) fn id(&self, peer: Peer, function: &str) -> String {
        let agent = self.agents.iter().find(|(other, _)| *other == peer);
        let name = match agent {
            Some((_, agent)) => agent.name(),
            None if peer == Peer::Own => &self.own_name,
            None => panic!("{peer:?} does not take part"),
        };
        format!("peer::{name}::{function}")
    }

    /// Calls a function of a peer from our own worker.
    pub(crate) async fn call(
        &self,
        peer: Peer,
        function: &str,
        payload: Value,
    ) -> Result<Value, CallError> {
        self.worker.call(self.id(peer, function), &payload).await
    }

    /// Calls a function that must not fail.
    pub(crate) async fn ask(&self, peer: Peer, function: &str, payload: Value) -> Value {
        let answer = self.call(peer, function, payload).await;
        answer.unwrap_or_else(|error| panic!("{peer:?} {function}: {error}"))
    }

    /// A channel created by `peer`.
    pub(crate) async fn channel(&self, peer: Peer) -> Refs {
        let refs = self.ask(peer, "create", json!({})).await;
        serde_json::from_value(refs).expect("refs")
    }

    pub(crate) async fn write(&self, peer: Peer, to: &Refs, job: Job) -> Report {
        let payload = job.payload("writerRef", &to.writer);
        report(&self.ask(peer, "write", payload).await)
    }

    /// Reads to the end of a stream that must be complete.
    pub(crate) async fn read(&self, peer: Peer, from: &Refs, pause_ms: u64) -> Report {
        let payload = json!({ "readerRef": from.reader, "pause_ms": pause_ms });
        let answer = self.ask(peer, "read", payload).await;
        assert_eq!(answer["error"], Value::Null, "{peer:?}");
        report(&answer)
    }

    /// Reads a stream with our own client: what arrived, and how it ended.
    pub(crate) async fn judge(&self, from: &Refs) -> StreamReport {
        let mut reader = self.worker.reader(&from.reader);
        while let Ok(Some(_)) = reader.next_frame().await {}
        reader.report()
    }
}

/// The request to a writer.
#[derive(Clone, Copy)]
pub(crate) struct Job {
    pub(crate) bytes: usize,
    pub(crate) piece: usize,
    pub(crate) messages: usize,
    pub(crate) pause_ms: u64,
}

impl Job {
    /// `bytes` in pieces that are not multiples of a frame, with messages between the first ones.
    pub(crate) fn of(bytes: usize) -> Self {
        Self {
            bytes,
            piece: 100_000,
            messages: 5,
            pause_ms: 0,
        }
    }

    pub(crate) fn payload(self, name: &str, channel_ref: &StreamChannelRef) -> Value {
        json!({
            name: channel_ref,
            "bytes": self.bytes,
            "piece": self.piece,
            "messages": self.messages,
            "pause_ms": self.pause_ms,
        })
    }
}

/// The report in an answer, without the messages of the stream protocol, which are ordinary
/// messages for an SDK.
pub(crate) fn report(answer: &Value) -> Report {
    let mut report: Report = serde_json::from_value(answer.clone()).expect("a report");
    report
        .messages
        .retain(|(_, text)| !text.contains(r#""pipewright":1"#));
    report
}
