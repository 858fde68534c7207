//! The engine that a test uses.
//!
//! It is a new embedded engine, or the one that `PIPEWRIGHT_ENGINE_URL` names, so that the suite
//! can run against an iii engine. With `PIPEWRIGHT_TEST_ENGINE=iii`, it imitates an iii engine. A
//! test of a feature that only pipewright's engine has calls [`TestEngine::ours`]. With another
//! engine, the test is skipped and reported on standard error, past the capture of the test
//! harness. If the engines behave differently, a test calls [`TestEngine::is_pipewright`], which
//! queries the engine's announcement, and checks what users of each can rely on.

// Each test binary that includes this file uses a part of it.
#![allow(dead_code)]

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use pipewright::{Address, Engine, EngineBuilder, EngineStats, Worker, WorkerBuilder, testing};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than anything takes, even on a busy machine; only a failing test reaches it.
pub(crate) const FAILED: Duration = Duration::from_secs(60);

const ENGINE_URL: &str = "PIPEWRIGHT_ENGINE_URL";

/// The response header by which pipewright's engine announces itself (`docs/protocol.md` section
/// 1.1).
const ANNOUNCED: &str = "x-pipewright-engine";

const TEST_ENGINE: &str = "PIPEWRIGHT_TEST_ENGINE";

pub(crate) struct TestEngine {
    url: String,
    ours: Option<Engine>,
    /// Kept as long as the test runs.
    _stand_in: Option<Engine>,
    announced: bool,
    namespace: Option<String>,
}

impl TestEngine {
    /// The named engine, or else a new one on a free port.
    pub(crate) async fn start() -> Self {
        Self::with(Engine::builder()).await
    }

    /// The named engine, or else a new one with the settings of `builder`.
    pub(crate) async fn with(builder: EngineBuilder) -> Self {
        let (url, stand_in) = match named() {
            Named::Url(url) => (url, None),
            Named::Imitation => {
                let engine = testing::imitate_iii(Engine::builder().listen("127.0.0.1:0"));
                let engine = engine.start().await.expect("a free port of loopback");
                (engine.url().expect("it listens").to_string(), Some(engine))
            }
            Named::None => return Self::embedded(builder).await,
        };
        Self {
            announced: announces(&url).await.expect("the engine that was named"),
            url,
            ours: None,
            _stand_in: stand_in,
            namespace: Some(unique("test")),
        }
    }

    /// Whether the engine announces itself as pipewright's, in this process or elsewhere.
    pub(crate) fn is_pipewright(&self) -> bool {
        self.announced
    }

    /// A new engine with the settings of `builder`, for a test that only pipewright's engine can
    /// pass. `None`, and reported with the reason, if another engine was named.
    pub(crate) async fn ours(builder: EngineBuilder, why: &str) -> Option<Self> {
        if !matches!(named(), Named::None) {
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
            _stand_in: None,
            announced: true,
            namespace: None,
        }
    }

    /// The namespace of this test, because others may use the engine, too.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// A worker of this test at one of the engine's addresses.
    pub(crate) async fn worker(&self, address: Address) -> Worker {
        let builder = self.builder(address);
        builder.connect().await.expect("the engine takes workers")
    }

    /// The builder of [`worker`](Self::worker).
    pub(crate) fn builder(&self, address: Address) -> WorkerBuilder {
        let builder = Worker::builder(address);
        match &self.namespace {
            Some(namespace) => builder.namespace(namespace),
            None => builder,
        }
    }

    /// Waits until the statistics of the engine satisfy `wanted`; other engines have none.
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

    /// The embedded engine, if it is one; otherwise the test is reported with the reason.
    pub(crate) fn handle(&self, why: &str) -> Option<&Engine> {
        if self.ours.is_none() {
            left_out(why);
        }
        self.ours.as_ref()
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The address for workers over a socket.
    pub(crate) fn address(&self) -> Address {
        self.url.parse().expect("an engine's URL")
    }

    /// The addresses of the engine: over a socket, and within the process if it is embedded.
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

/// Whether the engine at `url`, which is not encrypted, announces itself as pipewright's.
async fn announces(url: &str) -> std::io::Result<bool> {
    let authority = url.trim_start_matches("ws://").trim_end_matches('/');
    let mut stream = TcpStream::connect(authority).await?;
    let asked = format!(
        "GET / HTTP/1.1\r\nHost: {authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(asked.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            break;
        }
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    Ok(head.contains(&format!("\r\n{ANNOUNCED}: ")))
}

/// The engine that the environment selects.
enum Named {
    None,
    Url(String),
    /// An engine that imitates an iii engine, for each test.
    Imitation,
}

fn named() -> Named {
    let set = |name| {
        std::env::var(name)
            .ok()
            .filter(|text| !text.trim().is_empty())
    };
    match (set(ENGINE_URL), set(TEST_ENGINE)) {
        (Some(url), _) => Named::Url(url),
        (None, Some(kind)) if kind == "iii" => Named::Imitation,
        (None, Some(kind)) => panic!("{TEST_ENGINE} is `iii` or not set, not `{kind}`"),
        (None, None) => Named::None,
    }
}

fn left_out(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    // The report is for people; a closed standard error does not fail the test.
    let _ = writeln!(
        std::io::stderr(),
        "left out, another engine was named: {test}: {why}"
    );
}
