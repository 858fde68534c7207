//! Plain requests: health and metrics.

use std::time::Duration;

use pipewright::{Engine, Role};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Client, Control, FAILED, engine, url};

/// A connection that can send any number of requests.
pub(crate) struct Browser {
    stream: TcpStream,
    host: String,
    received: Vec<u8>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Browser {
    pub(crate) async fn connect(engine: &Engine) -> Self {
        let host = url(engine).replace("ws://", "");
        Self {
            stream: TcpStream::connect(&host).await.unwrap(),
            host,
            received: Vec::new(),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, "").await
    }

    /// Each line of `headers` includes its line end.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, headers: &str) -> Answer {
        let host = self.host.clone();
        self.ask_by_name(method, path, &host, headers).await
    }

    pub(super) async fn ask_by_name(
        &mut self,
        method: &str,
        path: &str,
        host: &str,
        headers: &str,
    ) -> Answer {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
        self.stream.write_all(request.as_bytes()).await.unwrap();
        let head = loop {
            let at = self.received.windows(4).position(|end| end == b"\r\n\r\n");
            if let Some(at) = at {
                break self.received.drain(..at + 4).collect();
            }
            self.more().await;
        };
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let len = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let len = match method {
            "HEAD" => 0,
            _ => len.unwrap().parse().unwrap(),
        };
        while self.received.len() < len {
            self.more().await;
        }
        let body = self.received.drain(..len).collect();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: String::from_utf8(body).unwrap(),
        }
    }

    async fn more(&mut self) {
        let read = timeout(FAILED, self.stream.read_buf(&mut self.received)).await;
        assert_ne!(read.unwrap().unwrap(), 0, "closed: {:?}", self.received);
    }

    async fn closed(mut self) {
        let read = timeout(FAILED, self.stream.read_to_end(&mut self.received)).await;
        read.unwrap().unwrap();
        assert_eq!(self.received, b"");
    }
}

#[tokio::test]
async fn an_engine_that_runs_is_healthy() {
    let engine = engine().await;
    let mut browser = Browser::connect(&engine).await;
    let answer = browser.get("/healthz").await;
    assert_eq!((answer.status, &*answer.body), (200, "ok\n"));
    assert!(answer.head.contains("content-type: text/plain"));
    assert!(answer.head.contains("cache-control: no-store"));
}

#[tokio::test]
async fn connection_is_reused_for_pages_and_an_upgrade() {
    let engine = engine().await;
    let mut browser = Browser::connect(&engine).await;
    for _ in 0..3 {
        assert_eq!(browser.get("/healthz").await.status, 200);
        assert_eq!(browser.get("/nothing").await.status, 404);
        assert_eq!(browser.get("/metrics").await.status, 200);
    }
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let head = browser.ask("HEAD", "/healthz", "").await;
    assert!(head.head.contains("content-length: 3"), "{}", head.head);
    // A client that offers another upgrade (as Java's client does) gets a page, and one that
    // requests a WebSocket gets the upgrade.
    let other = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n";
    assert_eq!(browser.ask("GET", "/healthz", other).await.status, 200);
    browser
        .stream
        .write_all(format!("GET / HTTP/1.1\r\nHost: h\r\n{upgrade}\r\n").as_bytes())
        .await
        .unwrap();
    while !browser.received.ends_with(b"}") {
        browser.more().await;
    }
    let received = String::from_utf8_lossy(&browser.received);
    assert!(received.starts_with("HTTP/1.1 101"), "{received}");
    assert!(received.contains("workerregistered"), "{received}");
}

#[tokio::test]
async fn pages_are_read_and_nothing_else() {
    let engine = engine().await;
    let mut browser = Browser::connect(&engine).await;
    for method in ["PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = browser.ask(method, "/healthz", "").await;
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.head.contains("allow: get, head"), "{}", answer.head);
    }
    let posted = "Content-Length: 0\r\n";
    assert_eq!(browser.ask("POST", "/metrics", posted).await.status, 405);
}

#[tokio::test]
async fn a_kept_connection_that_asks_nothing_is_closed() {
    let builder = Engine::builder().listen("127.0.0.1:0");
    let builder = builder.handshake_timeout(Duration::from_millis(50));
    let engine = builder.start().await.unwrap();
    let mut browser = Browser::connect(&engine).await;
    assert_eq!(browser.get("/healthz").await.status, 200);
    browser.closed().await;
}

#[tokio::test]
async fn a_client_that_never_reads_its_answers_is_given_up() {
    let builder = Engine::builder().listen("127.0.0.1:0");
    let builder = builder.handshake_timeout(Duration::from_millis(50));
    let engine = builder.start().await.unwrap();
    let mut greedy = Browser::connect(&engine).await;
    let asked = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(1000);
    // Until the engine, which cannot answer, stops reading and disconnects.
    let written = async { while greedy.stream.write_all(asked.as_bytes()).await.is_ok() {} };
    timeout(FAILED, written).await.unwrap();
}

#[tokio::test]
async fn metrics_require_a_token_but_health_does_not() {
    let engine = Engine::builder()
        .listen("127.0.0.1:0")
        .bearer_token("everything")
        .role("lists", Role::new().trigger("engine::*::list"))
        .role("serves", Role::new().register("*").trigger("text::*"));
    let engine = engine.start().await.unwrap();
    let mut browser = Browser::connect(&engine).await;
    assert_eq!(browser.get("/healthz").await.status, 200);
    let refused = browser.get("/metrics").await;
    assert_eq!(refused.status, 401);
    assert!(refused.head.contains("www-authenticate: bearer"));
    for (token, status) in [
        ("wrong", 401),
        ("everything", 200),
        ("lists", 200),
        ("serves", 403),
    ] {
        let bearer = format!("Authorization: Bearer {token}\r\n");
        let answer = browser.ask("GET", "/metrics", &bearer).await;
        assert_eq!(answer.status, status, "{token}");
        assert!(
            !answer.body.contains(token) || token == "lists",
            "{}",
            answer.body
        );
        let health = browser.ask("GET", "/healthz", &bearer).await;
        assert_eq!(health.status, 200, "{token}");
    }
}

#[tokio::test]
async fn a_page_from_elsewhere_reads_no_metrics() {
    let engine = engine().await;
    let mut browser = Browser::connect(&engine).await;
    for (origin, status) in [
        ("https://evil.example", 403),
        ("http://localhost:3000", 200),
    ] {
        let headers = format!("Origin: {origin}\r\n");
        let answer = browser.ask("GET", "/metrics", &headers).await;
        assert_eq!(answer.status, status, "{origin}");
    }
    // A name that resolves to this machine, whose page sends requests to its own origin.
    for (name, status) in [
        ("evil.example", 403),
        ("127.0.0.1.evil.example:49134", 403),
        ("LOCALHOST:49134", 200),
        ("[::1]:49134", 200),
        ("127.0.0.1", 200),
    ] {
        let answer = browser.ask_by_name("GET", "/metrics", name, "").await;
        assert_eq!(answer.status, status, "{name}");
        let health = browser.ask_by_name("GET", "/healthz", name, "").await;
        assert_eq!(health.status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_websocket_is_no_page() {
    let engine = engine().await;
    for path in ["/healthz", "/metrics"] {
        assert_eq!(
            Client::refused(&format!("{}{path}", url(&engine))).await,
            404
        );
    }
    let _worker = Control::connect(&engine).await;
    let metrics = Browser::connect(&engine).await.get("/metrics").await;
    let lines: Vec<_> = metrics.body.lines().collect();
    assert!(lines.contains(&"pipewright_engine_workers 1"), "{lines:?}");
}
