//! Upgraded and refused requests.

use std::io;
use std::time::Duration;

use pipewright::{Engine, EngineError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::Response;

use super::{Client, Control, FAILED, engine, url};

/// Sends a request and returns the response, up to its end or the close of the connection.
async fn raw(engine: &Engine, request: &str) -> String {
    let address = url(engine).replace("ws://", "");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        let read = timeout(FAILED, stream.read_buf(&mut answer)).await;
        if read.unwrap().unwrap() == 0 {
            break;
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Connects with an additional header. Returns the response, or the status of the refusal.
async fn with_header(url: &str, name: &'static str, value: &str) -> Result<Response<()>, u16> {
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert(name, value.parse().unwrap());
    match connect_async(request).await {
        Ok((_, response)) => Ok(response.map(|_| ())),
        Err(tokio_tungstenite::tungstenite::Error::Http(refused)) => Err(refused.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn what_is_no_upgrade_is_refused() {
    let engine = engine().await;
    let status = async |path: &str, headers: &str| {
        let answer = raw(
            &engine,
            &format!("GET {path} HTTP/1.1\r\nHost: h\r\n{headers}\r\n"),
        )
        .await;
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    let upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n";
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let version = "Sec-WebSocket-Version: 13\r\n";
    assert_eq!(status("/", "").await, "400");
    assert_eq!(status("/otel", "").await, "400");
    assert_eq!(status("/ws/channels/c?key=k&dir=read", "").await, "400");
    assert_eq!(status("/other", "").await, "404");
    assert_eq!(status("/", upgrade).await, "400");
    assert_eq!(status("/", &format!("{upgrade}{key}")).await, "400");
    assert_eq!(status("/", &format!("{upgrade}{version}")).await, "400");
    assert_eq!(
        status("/", &format!("{upgrade}{key}{version}")).await,
        "101"
    );
    assert_eq!(
        status("/?token=x", &format!("{upgrade}{key}{version}")).await,
        "101"
    );
}

#[tokio::test]
async fn the_answer_names_capabilities_and_takes_up_no_extension() {
    let engine = engine().await;
    let offer = "permessage-deflate; client_max_window_bits";
    let answer = with_header(&url(&engine), "Sec-WebSocket-Extensions", offer).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 101);
    assert_eq!(answer.headers()["x-iii-capabilities"], "tcp-nodelay");
    assert!(!answer.headers().contains_key("Sec-WebSocket-Extensions"));
}

#[tokio::test]
async fn what_follows_a_request_at_once_is_not_lost() {
    let engine = engine().await;
    let mut stream = TcpStream::connect(url(&engine).replace("ws://", ""))
        .await
        .unwrap();
    let mut request = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        .to_vec();
    // A ping with a zero mask (RFC 6455 §5.2).
    request.extend([0x89, 0x81, 0, 0, 0, 0, b'p']);
    stream.write_all(&request).await.unwrap();
    let mut answer = Vec::new();
    while !answer.windows(3).any(|window| window == [0x8a, 1, b'p']) {
        let read = timeout(FAILED, stream.read_buf(&mut answer)).await;
        assert_ne!(read.unwrap().unwrap(), 0, "no pong");
    }
}

#[tokio::test]
async fn a_channel_is_refused_without_its_key() {
    let engine = engine().await;
    let channel = Control::connect(&engine).await.channel().await;
    let base = url(&engine);
    let (path, query) = channel.reader.split_once('?').unwrap();
    let key = query.split('&').next().unwrap();
    for (url, status) in [
        (format!("{path}?dir=read"), 400),
        (format!("{path}?{key}"), 400),
        (format!("{path}?{key}&dir=both"), 400),
        (format!("{path}?key=wrong&dir=read"), 404),
        (format!("{path}?{key}&dir=write"), 404),
        (format!("{base}/ws/channels/unknown?{key}&dir=read"), 404),
    ] {
        assert_eq!(Client::refused(&url).await, status, "{url}");
    }
    Client::dial(&format!("{path}?token=x&dir=read&more&{key}")).await;
}

#[tokio::test]
async fn an_end_opens_once() {
    let engine = engine().await;
    let channel = Control::connect(&engine).await.channel().await;
    let mut writer = Client::dial(&channel.writer).await;
    assert_eq!(Client::refused(&channel.writer).await, 409);
    writer.close().await;
    assert_eq!(Client::refused(&channel.writer).await, 409);
    let mut reader = Client::dial(&channel.reader).await;
    reader.closed().await;
    // A client that has seen the end finds the channel gone.
    assert_eq!(Client::refused(&channel.reader).await, 404);
    assert_eq!(Client::refused(&channel.writer).await, 404);
}

#[tokio::test]
async fn a_token_is_asked_for_where_functions_can_be_called() {
    let builder = Engine::builder().listen("127.0.0.1:0");
    let engine = builder.bearer_token("s3cret").start().await.unwrap();
    let url = url(&engine);
    assert_eq!(Client::refused(&url).await, 401);
    assert_eq!(Client::refused(&format!("{url}/otel")).await, 401);
    for wrong in ["Bearer wrong", "Bearer", "Basic s3cret", "s3cret"] {
        let answer = with_header(&url, "Authorization", wrong).await;
        assert_eq!(answer.unwrap_err(), 401, "{wrong}");
    }
    let answer = with_header(&url, "Authorization", "bearer s3cret").await;
    assert!(answer.is_ok());
}

#[tokio::test]
async fn pages_from_elsewhere_are_refused() {
    let engine = engine().await;
    let base = url(&engine);
    for origin in [
        "https://evil.example",
        "http://localhost.evil.example",
        "null",
    ] {
        let answer = with_header(&base, "Origin", origin).await;
        assert_eq!(answer.unwrap_err(), 403, "{origin}");
    }
    for origin in [
        "http://localhost:3000",
        "http://127.0.0.1",
        "http://[::1]:5173",
    ] {
        assert!(
            with_header(&base, "Origin", origin).await.is_ok(),
            "{origin}"
        );
    }
}

#[tokio::test]
async fn a_request_that_does_not_come_is_not_waited_for() {
    let builder = Engine::builder().listen("127.0.0.1:0");
    let builder = builder.handshake_timeout(Duration::from_millis(50));
    let engine = builder.start().await.unwrap();
    // A request that never ends, and no request at all.
    assert_eq!(raw(&engine, "GET / HTTP/1.1\r\nHost: h\r\n").await, "");
    assert_eq!(raw(&engine, "").await, "");
}

#[tokio::test]
async fn telemetry_is_taken_and_pings_are_answered() {
    let engine = engine().await;
    let mut client = Client::dial(&format!("{}/otel", url(&engine))).await;
    client.send(Message::binary(&b"OTLP{}"[..])).await;
    client.send(Message::Ping("p".into())).await;
    let pong = client.next().await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong("p".into()));
    client.close().await;
}

#[tokio::test]
async fn an_unprotected_engine_does_not_listen_to_the_world() {
    let refused = Engine::builder().listen("0.0.0.0:0").start().await;
    let error = refused.unwrap_err();
    assert!(matches!(error, EngineError::Unprotected { .. }));
    assert!(error.to_string().contains("bearer token"), "{error}");
    let blank = Engine::builder()
        .in_process()
        .bearer_token(" ")
        .start()
        .await;
    assert!(matches!(blank.unwrap_err(), EngineError::BlankToken));
    let builder = Engine::builder().listen("0.0.0.0:0").bearer_token("t");
    let engine = builder.start().await.unwrap();
    assert!(url(&engine).starts_with("ws://127.0.0.1:"));
}

#[tokio::test]
async fn address_in_use_is_a_clear_error() {
    let first = engine().await;
    let address = url(&first).replace("ws://", "");
    let error = Engine::builder()
        .listen(&address)
        .start()
        .await
        .unwrap_err();
    let EngineError::Listen { source, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(source.kind(), io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&address), "{error}");
}
