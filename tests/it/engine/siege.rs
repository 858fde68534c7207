//! Greedy peers do not keep others from being served. Each test reproduces a finding of the attacks
//! in `benches/siege`.

use pipewright::Worker;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::Message;

use super::{Client, Control, Engine, FAILED, code, settled, timeout, url};

async fn silent(engine: &Engine) -> TcpStream {
    let address = url(engine).replace("ws://", "");
    TcpStream::connect(address.trim_end_matches('/'))
        .await
        .unwrap()
}

/// Waits until the engine has closed a connection.
async fn cut_off(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let ended = timeout(FAILED, stream.read_to_end(&mut rest)).await;
    // A reset also counts.
    let _ = ended.expect("not cut off");
}

#[tokio::test]
async fn of_too_many_that_say_nothing_the_oldest_makes_room() {
    let engine = Engine::builder().listen("127.0.0.1:0").max_newcomers(2);
    let engine = engine.start().await.unwrap();
    let mut worker = Control::connect(&engine).await;
    worker.synced().await;
    let mut first = silent(&engine).await;
    // Each connection is accepted before the next one.
    first.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(silent(&engine).await);
    }
    cut_off(&mut first).await;
    // A worker that has sent something is not affected, and new workers are served.
    worker.channel().await;
    Control::connect(&engine).await.channel().await;
}

#[tokio::test]
async fn half_a_first_frame_is_nothing_said() {
    let engine = Engine::builder().listen("127.0.0.1:0").max_newcomers(2);
    let engine = engine.start().await.unwrap();
    let mut first = Client::dial(&url(&engine)).await;
    assert_eq!(first.json().await["type"], "workerregistered");
    let MaybeTlsStream::Plain(stream) = first.0.get_mut() else {
        panic!("no TLS here");
    };
    stream.write_all(&[0x81, 0xFE, 0x10]).await.unwrap();
    let _others = [silent(&engine).await, silent(&engine).await];
    cut_off(stream).await;
    settled(&engine, |stats| stats.workers == 0).await;
}

#[tokio::test]
async fn who_holds_much_waits_and_others_stream() {
    const LIMIT: usize = 1 << 20;
    const MUCH: usize = 8 << 20;
    let engine = Engine::builder()
        .listen("127.0.0.1:0")
        .max_held_bytes(LIMIT);
    let engine = engine.start().await.unwrap();
    let address = url(&engine);
    let greedy = Worker::connect(address.as_str()).await.unwrap();
    let mut unread = Vec::new();
    for _ in 0..4 {
        let channel = greedy.create_channel(None).await.unwrap();
        let mut writer = channel.writer;
        unread.push(channel.reader);
        tokio::spawn(async move { while writer.write(vec![7; 64 << 10]).await.is_ok() {} });
    }
    settled(&engine, |stats| stats.buffered_bytes >= LIMIT / 2).await;

    let modest = Worker::connect(address.as_str()).await.unwrap();
    let mut channel = modest.create_channel(None).await.unwrap();
    let write = async {
        channel.writer.write(vec![7; MUCH]).await.unwrap();
        channel.writer.close().await.unwrap();
    };
    let passed = async { tokio::join!(write, channel.reader.read_all()).1 };
    let passed = timeout(FAILED, passed).await.expect("it waits");
    assert_eq!(passed.unwrap().len(), MUCH);
    let held = engine.stats().buffered_bytes;
    assert!(held < LIMIT, "{held} bytes are held");
}

#[tokio::test]
async fn long_messages_that_never_end_share_what_there_is() {
    let engine = Engine::builder().listen("127.0.0.1:0");
    let engine = engine.max_incoming_bytes(1 << 20).start().await.unwrap();
    let mut client = Client::dial(&url(&engine)).await;
    client.json().await;
    let MaybeTlsStream::Plain(stream) = client.0.get_mut() else {
        panic!("no TLS here");
    };
    // A text of 8 MiB, masked with zeros.
    stream.write_all(&[0x81, 0xFF]).await.unwrap();
    stream
        .write_all(&(8_u64 << 20).to_be_bytes())
        .await
        .unwrap();
    stream.write_all(&[0; 4]).await.unwrap();
    // The engine refuses it in the middle, so not all of it can be sent.
    let piece = vec![b' '; 64 << 10];
    for _ in 0..127 {
        if stream.write_all(&piece).await.is_err() {
            break;
        }
    }
    assert_eq!(code(client.closed().await), Some(1009));
    // Its memory was released.
    let mut worker = Control::connect(&engine).await;
    let long = "x".repeat(512 << 10);
    let answer = worker.call("nobody::has", &json!({ "long": long })).await;
    assert_eq!(answer["error"]["code"], "function_not_found");
}

#[tokio::test]
async fn a_worker_is_answered_while_another_pings_without_end() {
    let engine = super::engine().await;
    let mut flooding = Client::dial(&url(&engine)).await;
    let flood = tokio::spawn(async move {
        let ping = || Message::Ping(vec![7; 100].into());
        while futures::SinkExt::feed(&mut flooding.0, ping())
            .await
            .is_ok()
        {}
    });
    let mut worker = Control::connect(&engine).await;
    for _ in 0..100 {
        worker.channel().await;
    }
    assert!(!flood.is_finished(), "pings are answered, not refused");
    flood.abort();
}
