//! Data written at the writer's end arrives at the reader's end, and how streams end.

use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::{Client, Control, FAILED, code, engine, settled};

fn data(byte: u8, len: usize) -> Message {
    Message::binary(vec![byte; len])
}

#[tokio::test]
async fn frames_keep_their_order_and_borders_reader_first() {
    let engine = engine().await;
    let channel = Control::connect(&engine).await.channel().await;
    let mut reader = Client::dial(&channel.reader).await;
    let mut writer = Client::dial(&channel.writer).await;
    let frames = [
        data(1, 0),
        Message::text("a"),
        data(2, 65_536),
        Message::text(""),
        data(3, 1),
    ];
    for frame in &frames {
        writer.send(frame.clone()).await;
        assert_eq!(reader.frame().await, *frame);
    }
    writer.close().await;
    assert_eq!(code(reader.closed().await), Some(1000));
    settled(&engine, |stats| stats.channels == 0).await;
}

#[tokio::test]
async fn a_writer_may_have_gone_before_the_reader_comes() {
    let engine = engine().await;
    let mut control = Control::connect(&engine).await;
    let channel = control.channel().await;
    drop(control);
    let mut writer = Client::dial(&channel.writer).await;
    for byte in 0..10 {
        writer.send(data(byte, 1000)).await;
    }
    writer.close().await;
    drop(writer);
    settled(&engine, |stats| stats.workers == 0).await;
    assert_eq!(engine.stats().buffered_frames, 10);
    assert_eq!(engine.stats().buffered_bytes, 10_000);
    let mut reader = Client::dial(&channel.reader).await;
    for byte in 0..10 {
        assert_eq!(reader.frame().await, data(byte, 1000));
    }
    assert_eq!(code(reader.closed().await), Some(1000));
    settled(&engine, |stats| {
        stats.channels == 0 && stats.buffered_bytes == 0
    })
    .await;
}

#[tokio::test]
async fn a_lost_writer_is_told_after_its_data() {
    let engine = engine().await;
    let channel = Control::connect(&engine).await.channel().await;
    let mut writer = Client::dial(&channel.writer).await;
    writer.send(data(1, 10)).await;
    drop(writer);
    let mut reader = Client::dial(&channel.reader).await;
    assert_eq!(reader.frame().await, data(1, 10));
    let close = reader.closed().await.unwrap();
    assert_eq!(u16::from(close.code), 1011);
    assert_eq!(
        close.reason,
        "channel writer aborted: connection lost before close"
    );
}

#[tokio::test]
async fn a_close_with_another_code_does_not_look_clean() {
    let engine = engine().await;
    let channel = Control::connect(&engine).await.channel().await;
    let mut reader = Client::dial(&channel.reader).await;
    let mut writer = Client::dial(&channel.writer).await;
    let frame = tokio_tungstenite::tungstenite::protocol::CloseFrame {
        code: 4321.into(),
        reason: "changed my mind".into(),
    };
    writer.send(Message::Close(Some(frame.clone()))).await;
    assert_eq!(reader.closed().await, Some(frame));
}

#[tokio::test]
async fn idle_writer_is_notified_that_its_reader_left() {
    let engine = engine().await;
    let mut control = Control::connect(&engine).await;
    // Lost, and closed properly.
    for proper in [false, true] {
        let channel = control.channel().await;
        let mut writer = Client::dial(&channel.writer).await;
        let mut reader = Client::dial(&channel.reader).await;
        writer.send(data(1, 1)).await;
        assert_eq!(reader.frame().await, data(1, 1));
        if proper {
            reader.close().await;
        }
        drop(reader);
        assert_eq!(code(writer.closed().await), Some(1011));
    }
    settled(&engine, |stats| stats.channels == 0).await;
}

#[tokio::test]
async fn busy_writer_receives_the_reason_its_reader_left() {
    let engine = engine().await;
    let channel = Control::connect(&engine).await.channel().await;
    let mut reader = Client::dial(&channel.reader).await;
    let mut writer = Client::dial(&channel.writer).await;
    writer.send(data(1, 65_536)).await;
    assert_eq!(reader.frame().await, data(1, 65_536));
    drop(reader);
    settled(&engine, |stats| stats.channels == 0).await;
    // Data that is sent in vain must not reset the connection before the close was read.
    for _ in 0..20 {
        writer.send(data(1, 65_536)).await;
    }
    assert_eq!(code(writer.closed().await), Some(1011));
}

#[tokio::test]
async fn pings_are_answered_at_both_ends_before_anything_flows() {
    let engine = engine().await;
    let mut control = Control::connect(&engine).await;
    let channel = control.channel().await;
    let mut reader = Client::dial(&channel.reader).await;
    let mut writer = Client::dial(&channel.writer).await;
    for client in [&mut control.client, &mut reader, &mut writer] {
        client.send(Message::Ping("p".into())).await;
        assert_eq!(
            client.next().await.unwrap().unwrap(),
            Message::Pong("p".into())
        );
    }
}

#[tokio::test]
async fn writer_under_backpressure_gets_pong_and_close() {
    let engine = engine().await;
    let mut control = Control::connect(&engine).await;
    let channel = control.channel_of(&json!({"buffer_size": 1})).await;
    let mut writer = Client::dial(&channel.writer).await;
    for byte in 0..20 {
        writer.send(data(byte, 65_536)).await;
    }
    writer.send(Message::Ping("p".into())).await;
    assert_eq!(
        writer.next().await.unwrap().unwrap(),
        Message::Pong("p".into())
    );
    writer.close().await;
    let mut reader = Client::dial(&channel.reader).await;
    for byte in 0..20 {
        assert_eq!(reader.frame().await, data(byte, 65_536));
    }
    assert_eq!(code(reader.closed().await), Some(1000));
}

#[tokio::test]
async fn a_slow_reader_that_pings_gets_everything() {
    const FRAMES: usize = 200;
    let engine = engine().await;
    let channel = Control::connect(&engine).await.channel().await;
    let mut reader = Client::dial(&channel.reader).await;
    let writing = tokio::spawn(async move {
        let mut writer = Client::dial(&channel.writer).await;
        for _ in 0..FRAMES {
            writer.send(data(1, 65_536)).await;
        }
        writer.close().await;
    });
    // Reader frames that the engine has not read at its end would reset the connection.
    let mut received = 0;
    loop {
        reader.send(Message::Ping("p".into())).await;
        match reader.frame().await {
            Message::Binary(bytes) => received += bytes.len(),
            Message::Close(frame) => break assert_eq!(code(frame), Some(1000)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(received, FRAMES * 65_536);
    timeout(FAILED, writing).await.unwrap().unwrap();
}

#[tokio::test]
async fn oversized_frame_is_refused_and_reported_to_the_reader() {
    let builder = pipewright::Engine::builder().listen("127.0.0.1:0");
    let engine = builder.max_frame_bytes(1000).start().await.unwrap();
    let channel = Control::connect(&engine).await.channel().await;
    let mut reader = Client::dial(&channel.reader).await;
    let mut writer = Client::dial(&channel.writer).await;
    writer.send(data(1, 1000)).await;
    writer.send(data(1, 5_000_000)).await;
    assert_eq!(code(writer.closed().await), Some(1009));
    assert_eq!(reader.frame().await, data(1, 1000));
    assert_eq!(code(reader.closed().await), Some(1011));
}
