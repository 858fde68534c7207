//! Expiry of channels, and the shutdown of an engine.

use std::time::Duration;

use pipewright::Engine;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::{Client, Control, FAILED, code, engine, settled, url};

#[tokio::test]
async fn waiting_end_is_notified_if_the_other_is_never_opened() {
    let builder = Engine::builder().listen("127.0.0.1:0");
    let engine = builder
        // Enough time to open two ends on a busy machine.
        .channel_ttl(Duration::from_secs(3))
        .start()
        .await
        .unwrap();
    let mut control = Control::connect(&engine).await;
    let (a, b) = (control.channel().await, control.channel().await);
    control.channel().await;
    let mut reader = Client::dial(&a.reader).await;
    let mut writer = Client::dial(&b.writer).await;
    writer.send(Message::text("m")).await;
    for client in [&mut reader, &mut writer] {
        let close = client.closed().await.unwrap();
        assert_eq!(u16::from(close.code), 1011);
        assert!(close.reason.contains("expired"), "{close}");
    }
    settled(&engine, |stats| {
        stats.channels == 0 && stats.buffered_frames == 0
    })
    .await;
    assert_eq!(Client::refused(&a.writer).await, 404);
}

#[tokio::test]
async fn stopping_tells_everybody_to_come_back() {
    let engine = engine().await;
    let mut control = Control::connect(&engine).await;
    let channel = control.channel().await;
    let mut reader = Client::dial(&channel.reader).await;
    let mut writer = Client::dial(&channel.writer).await;
    let mut telemetry = Client::dial(&format!("{}/otel", url(&engine))).await;
    let idle = TcpStream::connect(url(&engine).replace("ws://", ""))
        .await
        .unwrap();
    let stopping = tokio::spawn({
        let engine = engine.clone();
        async move { engine.shutdown().await }
    });
    for client in [
        &mut control.client,
        &mut reader,
        &mut writer,
        &mut telemetry,
    ] {
        assert_eq!(code(client.closed().await), Some(1012));
    }
    timeout(FAILED, stopping).await.unwrap().unwrap();
    drop(idle);
    assert_eq!(engine.stats(), pipewright::EngineStats::default());
    let again = TcpStream::connect(url(&engine).replace("ws://", "")).await;
    assert!(again.is_err());
    engine.shutdown().await;
}

#[tokio::test]
async fn stopping_does_not_wait_for_who_does_not_read() {
    let engine = engine().await;
    let mut control = Control::connect(&engine).await;
    let channel = control.channel().await;
    let _reader = Client::dial(&channel.reader).await;
    let mut writer = Client::dial(&channel.writer).await;
    let blocked = Duration::from_millis(300);
    let frame = || Message::binary(vec![0; 65_536]);
    while timeout(blocked, futures::SinkExt::send(&mut writer.0, frame()))
        .await
        .is_ok()
    {}
    timeout(FAILED, engine.shutdown()).await.unwrap();
}

#[tokio::test]
async fn dropping_the_last_handle_stops_the_engine() {
    let engine = engine().await;
    let address = engine.address();
    let mut control = Control::connect(&engine).await;
    let clone = engine.clone();
    drop(engine);
    control.synced().await;
    drop(clone);
    assert_eq!(code(control.client.closed().await), Some(1012));
    assert!(address.is_in_process());
}

#[test]
fn handles_may_go_anywhere() {
    fn anywhere<T: Clone + Send + Sync + Unpin + 'static>() {}
    anywhere::<Engine>();
    anywhere::<pipewright::EngineBuilder>();
}
