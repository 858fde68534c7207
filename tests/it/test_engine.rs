//! The engine that a test runs against.
//!
//! One of its own, or the one that `PIPEWRIGHT_ENGINE_URL` names, so that the suite can be pointed
//! at an iii engine. A test of what only our engine promises asks for [`TestEngine::ours`] and is
//! reported on standard error, past the capture of the test harness, when it is left out.

// Each test binary that includes this file uses a part of it.
#![allow(dead_code)]

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pipewright::{Address, Engine, EngineBuilder, EngineStats, Worker, WorkerBuilder};

/// What nothing takes, even on a busy machine: reached only by a test that fails.
pub(crate) const FAILED: Duration = Duration::from_secs(60);

const ENGINE_URL: &str = "PIPEWRIGHT_ENGINE_URL";

pub(crate) struct TestEngine {
    url: String,
    ours: Option<Engine>,
    namespace: Option<String>,
}

impl TestEngine {
    /// The engine that was named, or else one of its own on a free port.
    pub(crate) async fn start() -> Self {
        match named() {
            Some(url) => Self {
                url,
                ours: None,
                namespace: Some(unique("test")),
            },
            None => Self::embedded(Engine::builder()).await,
        }
    }

    /// One of its own for a test that can only hold on ours, with the settings of `builder`;
    /// `None`, and reported with the reason, if another engine was named.
    pub(crate) async fn ours(builder: EngineBuilder, why: &str) -> Option<Self> {
        if named().is_some() {
            left_out(why);
            return None;
        }
        Some(Self::embedded(builder).await)
    }

    async fn embedded(builder: EngineBuilder) -> Self {
        let engine = builder.listen("127.0.0.1:0").start().await;
        let engine = engine.expect("a free port of loopback");
        Self {
            url: engine.url().expect("it listens").to_string(),
            ours: Some(engine),
            namespace: None,
        }
    }

    /// The namespace of this test, on an engine that others use as well.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// A worker of this test at one of the engine's addresses.
    pub(crate) async fn worker(&self, address: Address) -> Worker {
        let builder = self.builder(address);
        builder.connect().await.expect("the engine takes workers")
    }

    /// What [`worker`](Self::worker) connects.
    pub(crate) fn builder(&self, address: Address) -> WorkerBuilder {
        let builder = Worker::builder(address);
        match &self.namespace {
            Some(namespace) => builder.namespace(namespace),
            None => builder,
        }
    }

    /// Waits until the engine holds what `wanted` says; only ours can be asked.
    pub(crate) async fn settled(&self, wanted: impl Fn(&EngineStats) -> bool) {
        let Some(engine) = self.handle("what is left in an engine is counted by ours") else {
            return;
        };
        let settled = async {
            while !wanted(&engine.stats()) {
                tokio::task::yield_now().await;
            }
        };
        let settled = tokio::time::timeout(FAILED, settled).await;
        assert!(settled.is_ok(), "never settled: {:?}", engine.stats());
    }

    /// The engine itself, if it is one of ours; reported with the reason if it is not.
    pub(crate) fn handle(&self, why: &str) -> Option<&Engine> {
        if self.ours.is_none() {
            left_out(why);
        }
        self.ours.as_ref()
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where workers connect by a socket.
    pub(crate) fn address(&self) -> Address {
        self.url.parse().expect("an engine's URL")
    }

    /// The ways to reach the engine: by a socket, and within the process if it is one of ours.
    pub(crate) fn addresses(&self) -> Vec<Address> {
        let within = self.ours.as_ref().map(Engine::address);
        std::iter::once(self.address()).chain(within).collect()
    }
}

/// A name that no other test has.
fn unique(what: &str) -> String {
    /// Numbers the names of this process.
    static NAMES: AtomicU64 = AtomicU64::new(0);
    let number = NAMES.fetch_add(1, Ordering::Relaxed);
    format!("{what}-{}-{number}", std::process::id())
}

fn named() -> Option<String> {
    std::env::var(ENGINE_URL)
        .ok()
        .filter(|url| !url.trim().is_empty())
}

fn left_out(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    // The report is for people; a standard error that is closed is no failure of the test.
    let _ = writeln!(
        std::io::stderr(),
        "left out, {ENGINE_URL} is set: {test}: {why}"
    );
}
