//! What many tests need: an engine with a worker at it, over each transport.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use pipewright::{Address, ByteChannel, Engine, EngineStats, StreamChannelRef, Worker};
use tokio::time::timeout;

/// What nothing takes, even on a busy machine: reached only by a test that fails.
pub(crate) const FAILED: Duration = Duration::from_secs(60);

/// The ways to an engine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Over {
    Socket,
    Memory,
}

/// An engine and a worker at it.
pub(crate) struct House {
    pub(crate) engine: Engine,
    pub(crate) worker: Worker,
}

impl House {
    pub(crate) async fn new(over: Over) -> Self {
        let engine = Engine::builder().listen("127.0.0.1:0").start().await;
        let engine = engine.unwrap();
        let address = match over {
            Over::Socket => engine.url().unwrap().clone().into(),
            Over::Memory => engine.address(),
        };
        let worker = Worker::builder(address).connect().await.unwrap();
        Self { engine, worker }
    }

    pub(crate) fn address(&self) -> &Address {
        self.worker.address()
    }

    pub(crate) async fn channel(&self) -> ByteChannel {
        self.worker.create_channel(None).await.unwrap()
    }

    /// A channel that holds one frame, so that both ends wait often.
    pub(crate) async fn narrow(&self) -> ByteChannel {
        self.worker.create_channel(1).await.unwrap()
    }

    /// The URL that opens an end without pipewright.
    pub(crate) fn raw_url(&self, end: &StreamChannelRef) -> String {
        format!(
            "{}/ws/channels/{}?key={}&dir={}",
            self.engine.url().unwrap(),
            end.channel_id,
            end.access_key.expose(),
            end.direction
        )
    }

    /// Shows that the engine serves on: a stream goes through.
    pub(crate) async fn serves(&self) {
        let channel = self.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.write("serves on").await.unwrap();
        writer.close().await.unwrap();
        assert_eq!(reader.read_all().await.unwrap(), "serves on");
    }
}

/// Runs a test over sockets and in memory. Output of a test that fails tells which it was.
pub(crate) async fn over_both(test: impl AsyncFn(House)) {
    for over in [Over::Socket, Over::Memory] {
        println!("over {over:?}");
        test(House::new(over).await).await;
    }
}

/// Waits for what has to happen.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    timeout(FAILED, future).await.expect("never happened")
}

/// Waits until the engine holds what `wanted` says.
pub(crate) async fn settled(engine: &Engine, wanted: impl Fn(&EngineStats) -> bool) {
    let settled = async {
        while !wanted(&engine.stats()) {
            tokio::task::yield_now().await;
        }
    };
    let done = timeout(FAILED, settled).await;
    assert!(done.is_ok(), "never settled: {:?}", engine.stats());
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

/// Bytes that tell their place: no piece of 64 KiB is like another.
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

/// Asserts that two long values are the same without printing them.
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
