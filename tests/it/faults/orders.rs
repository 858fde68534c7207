//! Slow data arrives completely, and manual faults occur when requested.

use std::time::{Duration, Instant};

use pipewright::testing::faults::{Fault, FaultPlan, FaultProxy, Sockets, Way};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Scene;
use crate::support::{assert_same, pattern, within};

#[tokio::test]
async fn without_a_plan_everything_arrives_and_nothing_happens() {
    let scene = Scene::new(FaultPlan::new()).await;
    let (mut writer, mut reader) = scene.faulty_reader().await;
    let payload = pattern(1 << 20);
    let sent = payload.clone();
    let writing = tokio::spawn(async move {
        writer.write(sent).await.unwrap();
        writer.close().await.unwrap();
    });
    assert_same(&within(reader.read_all()).await.unwrap(), &payload, "read");
    writing.await.unwrap();
    within(scene.proxy.carried(1 << 20)).await;
    assert_eq!(scene.proxy.strikes(), []);
}

/// How long a stream of `len` bytes takes with this fault from the start.
async fn time_with(fault: Fault, len: usize) -> Duration {
    assert!(fault.is_harmless());
    let plan = FaultPlan::new().after(0, Way::ToEngine, fault);
    let scene = Scene::new(plan).await;
    let (mut writer, mut reader) = scene.faulty_writer().await;
    let payload = pattern(len);
    let sent = payload.clone();
    let begin = Instant::now();
    let writing = tokio::spawn(async move {
        writer.write(sent).await.unwrap();
        writer.close().await.unwrap();
    });
    assert_same(&within(reader.read_all()).await.unwrap(), &payload, "read");
    writing.await.unwrap();
    assert_eq!(scene.proxy.strikes()[0].fault, fault);
    begin.elapsed()
}

#[tokio::test]
async fn what_is_slow_arrives_whole_and_takes_its_time() {
    let paused = time_with(Fault::Pause(Duration::from_millis(150)), 1000).await;
    assert!(paused >= Duration::from_millis(150), "{paused:?}");
    // The request, and at least one piece of the stream.
    let delayed = time_with(Fault::Delay(Duration::from_millis(50)), 1000).await;
    assert!(delayed >= Duration::from_millis(100), "{delayed:?}");
    let throttled = time_with(Fault::Throttle(1 << 20), 256 << 10).await;
    assert!(throttled >= Duration::from_millis(240), "{throttled:?}");
}

#[tokio::test]
async fn the_sockets_of_a_worker_are_told_apart() {
    let plan = FaultPlan::new()
        .of(Sockets::Writers)
        .after(500, Way::ToEngine, Fault::Reset);
    let scene = Scene::new(plan).await;
    let worker = scene.house.engine.worker(scene.through()).await;
    let channel = worker.create_channel(None).await.unwrap();
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    let writing = tokio::spawn(async move {
        writer.write(pattern(1000)).await?;
        writer.close().await
    });
    let read = within(reader.read_all()).await;
    assert!(read.unwrap_err().is_truncated());
    within(writing).await.unwrap().unwrap_err();
    let strikes = scene.proxy.strikes();
    assert_eq!(strikes.len(), 1, "{strikes:?}");
    assert_eq!(strikes[0].sockets, Sockets::Writers);
    assert_eq!((strikes[0].after, strikes[0].fault), (500, Fault::Reset));
    // The worker's own connection is unaffected.
    assert!(worker.create_channel(None).await.is_ok());
}

#[tokio::test]
async fn a_fault_by_hand_comes_at_once() {
    let scene = Scene::new(FaultPlan::new()).await;
    for fault in [Fault::Cut, Fault::Reset] {
        let (mut writer, mut reader) = scene.faulty_reader().await;
        writer.write("half").await.unwrap();
        writer.flush().await.unwrap();
        assert_eq!(within(reader.next_bytes()).await.unwrap().unwrap(), "half");
        let before = scene.proxy.strikes().len();
        scene.proxy.strike_each(fault);
        within(scene.proxy.struck(before + 1)).await;
        assert!(
            within(reader.next_bytes())
                .await
                .unwrap_err()
                .is_truncated()
        );
    }
}

#[tokio::test]
async fn what_is_no_engine_is_refused() {
    for url in ["", "127.0.0.1:1", "ws:", "mailto:a@b"] {
        let refused = FaultProxy::start(url, FaultPlan::new()).await;
        assert!(refused.is_err(), "{url}");
    }
}

/// Regression: the proxy stopped reading while it waited for the rest of a header section.
#[tokio::test]
async fn head_in_pieces_is_skipped_and_forwarded() {
    let engine = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", engine.local_addr().unwrap());
    let plan = FaultPlan::new().behind_handshake();
    let plan = plan.after(2, Way::ToEngine, Fault::FlipBit(0));
    let proxy = FaultProxy::start(&url, plan).await.unwrap();
    let near = proxy
        .url()
        .trim_start_matches("ws://")
        .trim_end_matches('/');
    let mut client = TcpStream::connect(near).await.unwrap();
    let (mut far, _) = engine.accept().await.unwrap();
    let sent = "GET / HTTP/1.1\r\nHost: h\r\n\r\nabcd";
    let mut arrived = String::new();
    for byte in sent.as_bytes() {
        client.write_all(&[*byte]).await.unwrap();
        // A few bytes may be held, because they may be the end of the header section.
        if let Ok(read) = tokio::time::timeout(Duration::from_millis(5), far.read_u8()).await {
            arrived.push(char::from(read.unwrap()));
        }
    }
    client.shutdown().await.unwrap();
    within(far.read_to_string(&mut arrived)).await.unwrap();
    assert_eq!(arrived, sent.replace("abcd", "abbd"));
    assert_eq!(proxy.strikes().len(), 1);

    // An incomplete header section arrives as far as it came.
    let mut client = TcpStream::connect(near).await.unwrap();
    let (mut far, _) = engine.accept().await.unwrap();
    client.write_all(b"GET /\r\n").await.unwrap();
    client.shutdown().await.unwrap();
    let mut arrived = String::new();
    within(far.read_to_string(&mut arrived)).await.unwrap();
    assert_eq!(arrived, "GET /\r\n");
}
