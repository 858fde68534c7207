//! The embedded engine, tested by raw WebSocket clients over real sockets on free ports. These
//! tests always use the embedded engine, whatever `PIPEWRIGHT_ENGINE_URL` names.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod accounts;
mod control;
mod dashboard;
mod delivery;
mod handshake;
mod hostile;
mod lifecycle;
mod limits;
mod listings;
mod message_limits;
pub(crate) mod pages;
mod relay;
mod roles;
mod runs;
mod settings;
mod siege;
mod tls;
mod workers;

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use pipewright::{Engine, EngineStats};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longer than any step takes, even on a busy machine; only a failing test reaches it.
pub(crate) const FAILED: Duration = Duration::from_secs(20);

pub(crate) async fn engine() -> Engine {
    let engine = Engine::builder().listen("127.0.0.1:0").start().await;
    engine.unwrap()
}

pub(crate) fn url(engine: &Engine) -> String {
    engine.url().unwrap().to_string()
}

/// Waits until the statistics of the engine satisfy `wanted`.
pub(crate) async fn settled(engine: &Engine, wanted: impl Fn(&EngineStats) -> bool) {
    let settled = async {
        while !wanted(&engine.stats()) {
            tokio::task::yield_now().await;
        }
    };
    let settled = timeout(FAILED, settled).await;
    assert!(settled.is_ok(), "never settled: {:?}", engine.stats());
}

/// A raw WebSocket client.
struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn dial(url: &str) -> Self {
        Self::asking(url).await
    }

    async fn asking(request: impl IntoClientRequest + Unpin) -> Self {
        Self(connect_async(request).await.unwrap().0)
    }

    /// The HTTP status with which the engine refuses the connection.
    async fn refused(url: &str) -> u16 {
        match connect_async(url).await {
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("not refused: {url}"),
        }
    }

    async fn send(&mut self, message: impl Into<Message>) {
        timeout(FAILED, self.0.send(message.into()))
            .await
            .unwrap()
            .unwrap();
    }

    async fn next(&mut self) -> Option<Result<Message, Error>> {
        timeout(FAILED, self.0.next()).await.expect("nothing came")
    }

    /// The next frame that is neither a ping nor a pong.
    async fn frame(&mut self) -> Message {
        loop {
            match self.next().await.expect("the connection ended").unwrap() {
                Message::Ping(_) | Message::Pong(_) => {}
                message => return message,
            }
        }
    }

    /// The close frame, which must be next.
    async fn closed(&mut self) -> Option<CloseFrame> {
        match self.frame().await {
            Message::Close(frame) => frame,
            other => panic!("not a close: {other:?}"),
        }
    }

    async fn json(&mut self) -> Value {
        match self.frame().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("not text: {other:?}"),
        }
    }

    async fn close(&mut self) {
        self.0.close(None).await.unwrap();
        assert!(self.closed().await.is_none());
    }
}

fn code(frame: Option<CloseFrame>) -> Option<u16> {
    frame.map(|frame| CloseCode::into(frame.code))
}

/// A raw control connection.
struct Control {
    client: Client,
    id: String,
    token: String,
    base: String,
    announced: bool,
}

impl Control {
    async fn connect(engine: &Engine) -> Self {
        Self::at(&url(engine)).await
    }

    async fn at(base: &str) -> Self {
        Self::greeted(Client::dial(base).await, base).await
    }

    /// Wraps a client before it has received the engine's first message.
    async fn greeted(mut client: Client, base: &str) -> Self {
        let hello = client.json().await;
        assert_eq!(hello["type"], "workerregistered");
        assert!(hello.get("features").is_none());
        Self {
            client,
            id: hello["worker_id"].as_str().unwrap().to_owned(),
            token: hello["reattach_token"].as_str().unwrap().to_owned(),
            base: base.to_owned(),
            announced: false,
        }
    }

    async fn send(&mut self, message: &Value) {
        self.announced |= message["function_id"] == "engine::workers::register";
        self.client.send(message.to_string()).await;
    }

    async fn json(&mut self) -> Value {
        self.client.json().await
    }

    /// Registers a function after an announcement, without which it would wait.
    async fn register(&mut self, function: &str) {
        if !self.announced {
            self.announce(&json!({})).await;
        }
        self.send(&json!({"type": "registerfunction", "id": function}))
            .await;
        self.synced().await;
    }

    async fn announce(&mut self, about: &Value) {
        self.send(
            &json!({"type": "invokefunction", "function_id": "engine::workers::register",
                    "data": about, "action": {"type": "void"}}),
        )
        .await;
    }

    /// Waits until everything sent so far was processed.
    async fn synced(&mut self) {
        self.send(&json!({"type": "ping"})).await;
        assert_eq!(self.json().await, json!({"type": "pong"}));
    }

    async fn invoke(&mut self, id: &str, function: &str, data: &Value) {
        self.send(&json!({"type": "invokefunction", "invocation_id": id,
                          "function_id": function, "data": data}))
            .await;
    }

    /// Makes a call and waits for the answer, which must be next.
    async fn call(&mut self, function: &str, data: &Value) -> Value {
        let id = "8698ea03-65e7-43fb-b327-b35e5e0054c2";
        self.invoke(id, function, data).await;
        let answer = self.json().await;
        assert_eq!(answer["type"], "invocationresult");
        assert_eq!(answer["invocation_id"], id);
        assert_eq!(answer["function_id"], function);
        answer
    }

    async fn channel(&mut self) -> Channel {
        self.channel_of(&json!({})).await
    }

    async fn channel_of(&mut self, data: &Value) -> Channel {
        let answer = self.call("engine::channels::create", data).await;
        let url = |end: &Value| {
            format!(
                "{}/ws/channels/{}?key={}&dir={}",
                self.base,
                end["channel_id"].as_str().unwrap(),
                end["access_key"].as_str().unwrap(),
                end["direction"].as_str().unwrap()
            )
        };
        Channel {
            reader: url(&answer["result"]["reader"]),
            writer: url(&answer["result"]["writer"]),
        }
    }
}

/// The URLs of both ends of a channel.
struct Channel {
    reader: String,
    writer: String,
}
