//! Common parts of tests: an engine with a worker, over each transport.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use pipewright::{Address, ByteChannel, Engine, StreamChannelRef, Worker};
use tokio::time::timeout;

pub(crate) use crate::test_engine::{FAILED, TestEngine};

/// An engine with a connected worker.
pub(crate) struct House {
    pub(crate) engine: TestEngine,
    pub(crate) worker: Worker,
}

impl House {
    /// Connects a worker over a socket, to the named engine or to a new one.
    pub(crate) async fn new() -> Self {
        let engine = TestEngine::start().await;
        let worker = engine.worker(engine.address()).await;
        Self { engine, worker }
    }

    /// Connects a worker in the process of an embedded engine.
    pub(crate) async fn in_process() -> Option<Self> {
        let why = "in memory only an engine in the process is reached";
        let engine = TestEngine::ours(Engine::builder(), why).await?;
        let within = engine.handle(why)?.address();
        let worker = engine.worker(within).await;
        Some(Self { engine, worker })
    }

    /// One over sockets, and one in memory.
    pub(crate) async fn both() -> Vec<Self> {
        let over_sockets = Self::new().await;
        std::iter::once(over_sockets)
            .chain(Self::in_process().await)
            .collect()
    }

    pub(crate) fn address(&self) -> &Address {
        self.worker.address()
    }

    pub(crate) async fn channel(&self) -> ByteChannel {
        self.worker.create_channel(None).await.unwrap()
    }

    /// A channel that holds one frame, so that both ends often wait.
    pub(crate) async fn narrow(&self) -> ByteChannel {
        self.worker.create_channel(1).await.unwrap()
    }

    /// The URL that opens an end without pipewright.
    pub(crate) fn raw_url(&self, end: &StreamChannelRef) -> String {
        format!(
            "{}/ws/channels/{}?key={}&dir={}",
            self.engine.url(),
            end.channel_id,
            end.access_key.expose(),
            end.direction
        )
    }

    /// Checks that the engine still serves: a stream passes through it.
    pub(crate) async fn serves(&self) {
        let channel = self.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.write("serves on").await.unwrap();
        writer.close().await.unwrap();
        assert_eq!(reader.read_all().await.unwrap(), "serves on");
    }
}

/// Runs a test over sockets and in memory. The output of a failing test shows which it was.
pub(crate) async fn over_both(test: impl AsyncFn(House)) {
    for house in House::both().await {
        println!("at {}", house.address());
        test(house).await;
    }
}

/// Waits for an event that must occur.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    timeout(FAILED, future).await.expect("never happened")
}

/// Polls a future until it was not ready `times` times, then drops it.
pub(crate) async fn cancelled_after<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// Bytes that depend on their position: no two pieces of 64 KiB are equal.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(len as u64);
    let mut bytes = vec![0; len];
    random.fill(&mut bytes);
    bytes
}

/// The whole text of an error, with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}

/// Asserts that two long values are equal without printing them.
pub(crate) fn assert_same(left: &[u8], right: &[u8], what: impl fmt::Display) {
    assert_eq!(left.len(), right.len(), "{what}: length");
    if let Some(at) = left
        .iter()
        .zip(right)
        .position(|(left, right)| left != right)
    {
        panic!("{what}: differs at byte {at}");
    }
}
