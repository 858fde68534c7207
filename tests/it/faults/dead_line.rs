//! A dead TCP connection: nothing is acknowledged, and neither side is notified. The engine closes
//! the channel ends of such peers, which it cannot ping, because they may not be reading.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use pipewright::testing::faults::{Fault, FaultPlan, FaultProxy};
use pipewright::{Engine, StreamChannelRef, Worker};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{TestEngine, within};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A channel as a foreign peer holds it: both ends, one of them behind a proxy.
struct Line {
    engine: TestEngine,
    proxy: FaultProxy,
    worker: Worker,
}

impl Line {
    /// `None` with another engine, whose timeouts cannot be set.
    async fn new() -> Option<Self> {
        let (ping, dead) = (Duration::from_millis(200), Duration::from_millis(600));
        let builder = Engine::builder().keep_alive(ping, dead);
        let engine = TestEngine::ours(builder, "the timeouts are set for the test").await?;
        let proxy = FaultProxy::start(engine.url(), FaultPlan::new())
            .await
            .unwrap();
        let worker = engine.worker(engine.address()).await;
        Some(Self {
            engine,
            proxy,
            worker,
        })
    }

    /// Opens an end like a foreign SDK: without headers, and without reading in the background.
    async fn open(&self, base: &str, end: &StreamChannelRef) -> Socket {
        let base = base.trim_end_matches('/');
        let (id, key) = (&end.channel_id, end.access_key.expose());
        let direction = end.direction.as_str();
        let url = format!("{base}/ws/channels/{id}?key={key}&dir={direction}");
        connect_async(url).await.unwrap().0
    }
}

#[tokio::test]
async fn foreign_writer_behind_a_dead_line_is_given_up() {
    let Some(line) = Line::new().await else {
        return;
    };
    let mut channel = line.worker.create_channel(None).await.unwrap();
    let mut writer = line.open(line.proxy.url(), &channel.writer_ref).await;
    writer.send(Message::binary("x")).await.unwrap();
    let first = within(channel.reader.next_bytes()).await.unwrap();
    assert_eq!(first.unwrap(), "x");
    line.proxy.strike_each(Fault::Stall);
    let error = within(channel.reader.next_bytes()).await.unwrap_err();
    assert!(error.is_truncated(), "{error}");
    line.engine.settled(|stats| stats.channels == 0).await;
}

#[tokio::test]
async fn foreign_reader_behind_a_dead_line_is_given_up() {
    let Some(line) = Line::new().await else {
        return;
    };
    let mut channel = line.worker.create_channel(None).await.unwrap();
    let mut reader = line.open(line.proxy.url(), &channel.reader_ref).await;
    channel.writer.write("x").await.unwrap();
    channel.writer.flush().await.unwrap();
    // After the header.
    while !within(reader.next()).await.unwrap().unwrap().is_binary() {}
    line.proxy.strike_each(Fault::Stall);
    within(channel.writer.gone()).await;
    line.engine.settled(|stats| stats.channels == 0).await;
}

/// It reads and sends nothing for longer than the timeout of a dead peer.
#[tokio::test]
async fn idle_foreign_writer_on_a_healthy_line_is_kept() {
    let Some(line) = Line::new().await else {
        return;
    };
    let mut channel = line.worker.create_channel(None).await.unwrap();
    let mut writer = line.open(line.proxy.url(), &channel.writer_ref).await;
    writer.send(Message::Ping("p".into())).await.unwrap();
    let idle = tokio::time::timeout(Duration::from_secs(4), channel.reader.next_bytes()).await;
    assert!(idle.is_err(), "{idle:?}");
    writer.send(Message::binary("x")).await.unwrap();
    let late = within(channel.reader.next_bytes()).await.unwrap();
    assert_eq!(late.unwrap(), "x");
}

/// Its window is full for longer than the timeout of a dead peer.
#[tokio::test]
async fn foreign_reader_that_does_not_read_is_kept() {
    let Some(line) = Line::new().await else {
        return;
    };
    let mut channel = line.worker.create_channel(1).await.unwrap();
    let mut reader = line.open(line.engine.url(), &channel.reader_ref).await;
    let payload = vec![7; 16 << 20];
    let len = payload.len();
    let writing = tokio::spawn(async move {
        channel.writer.write(payload).await.unwrap();
        channel.writer.close().await.unwrap();
    });
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut read = 0;
    while let Some(Ok(message)) = within(reader.next()).await {
        if let Message::Binary(bytes) = message {
            read += bytes.len();
        }
    }
    assert_eq!(read, len);
    within(writing).await.unwrap();
}
