//! Silent peers: a line that discards everything, or a stopped process. Every waiting party detects
//! them.

use std::time::Duration;

use futures::StreamExt;
use pipewright::testing::faults::{Fault, FaultPlan, FaultProxy, ProcessFault, Way};
use pipewright::{
    Address, CallError, ChannelReader, ChannelWriter, ConnectError, ConnectionState, Engine,
    ReadError, Receiver, Sender, Worker, WriteError,
};

use super::{BEAT, DEAD, Scene};
use crate::programs::Program;
use crate::support::{TestEngine, chain, pattern, within};

fn assert_silent(error: &dyn std::error::Error) {
    let text = chain(error);
    assert!(text.contains("did not respond"), "{text}");
}

#[tokio::test]
async fn a_reader_finds_a_line_that_has_fallen_silent() {
    let Some(scene) = Scene::alert().await else {
        return;
    };
    let (mut writer, mut reader) = scene.faulty_reader().await;
    writer.write("half").await.unwrap();
    writer.flush().await.unwrap();
    assert_eq!(within(reader.next_bytes()).await.unwrap().unwrap(), "half");
    scene.proxy.strike_each(Fault::Stall);
    let error = within(reader.next_bytes()).await.unwrap_err();
    assert!(error.is_truncated(), "{error}");
    assert_silent(&error);
}

#[tokio::test]
async fn blocked_writer_detects_a_dead_connection() {
    let Some(scene) = Scene::alert().await else {
        return;
    };
    let (mut writer, _reader) = scene.faulty_writer().await;
    let mut blocked = std::pin::pin!(async {
        loop {
            if let Err(error) = writer.write(pattern(1 << 20)).await {
                break error;
            }
        }
    });
    // Fills all buffers.
    assert!(tokio::time::timeout(DEAD, &mut blocked).await.is_err());
    scene.proxy.strike_each(Fault::Stall);
    assert_silent(&within(blocked).await);
}

/// Regression, found with seed 911 of the example `fault_matrix`: the engine sent heartbeats, but
/// nothing that the writer sent arrived.
#[tokio::test]
async fn one_way_loss_is_detected_by_both_ends() {
    let Some(scene) = Scene::alert().await else {
        return;
    };
    let (mut writer, mut reader) = scene.faulty_writer().await;
    writer.write("half").await.unwrap();
    writer.flush().await.unwrap();
    assert_eq!(within(reader.next_bytes()).await.unwrap().unwrap(), "half");
    scene.proxy.strike(Way::ToEngine, Fault::Stall);
    within(scene.proxy.struck(1)).await;
    let written = async {
        let error = loop {
            if let Err(error) = writer.write(pattern(1 << 20)).await {
                break error;
            }
        };
        drop(writer);
        error
    };
    let (written, read) = within(async { tokio::join!(written, reader.read_all()) }).await;
    assert_silent(&written);
    assert!(read.unwrap_err().is_truncated());
}

#[tokio::test]
async fn idle_ends_are_not_reported_as_lost() {
    let Some(scene) = Scene::alert().await else {
        return;
    };
    let address = scene.through();
    let channel = scene.house.narrow().await;
    let mut writer = ChannelWriter::new(&address, &channel.writer_ref);
    let mut reader = ChannelReader::new(&address, &channel.reader_ref);
    let payload = pattern(24 << 20);
    let sent = payload.clone();
    let writing = tokio::spawn(async move {
        // Longer than the heartbeat timeout: the reader waits, and receives heartbeats of the
        // engine.
        tokio::time::sleep(2 * DEAD).await;
        writer.write(sent).await.unwrap();
        writer.close().await.unwrap();
    });
    let first = within(reader.next_bytes()).await.unwrap().unwrap();
    // The other way round: the writer has to wait, and receives heartbeats of the engine.
    tokio::time::sleep(2 * DEAD).await;
    let rest = within(reader.read_all()).await.unwrap();
    assert_eq!(first.len() + rest.len(), payload.len());
    writing.await.unwrap();
}

#[tokio::test]
async fn unanswered_close_is_an_error() {
    let scene = Scene::new(FaultPlan::new()).await;
    let (writer, _reader) = scene.faulty_writer().await;
    let mut writer = writer.close_timeout(Duration::from_millis(100));
    writer.connect().await.unwrap();
    scene.proxy.strike_each(Fault::Stall);
    within(scene.proxy.struck(2)).await;
    let error = within(writer.close()).await.unwrap_err();
    assert!(matches!(error, WriteError::CloseTimeout { .. }), "{error}");
}

#[tokio::test]
async fn connecting_times_out_without_an_answer() {
    let scene = Scene::new(FaultPlan::new().after(0, Way::ToClient, Fault::Stall)).await;
    let address = scene.through().connect_timeout(Duration::from_millis(200));
    let worker = within(Worker::connect(address.clone())).await;
    assert!(matches!(worker, Err(ConnectError::Timeout { .. })));
    let channel = scene.house.channel().await;
    let mut reader = ChannelReader::new(&address, &channel.reader_ref);
    let error = within(reader.read_all()).await.unwrap_err();
    let ReadError::Connect(error) = &error else {
        panic!("{error}")
    };
    assert!(matches!(**error, ConnectError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn unopened_end_is_an_error_of_the_other() {
    let builder = Engine::builder().channel_ttl(Duration::from_millis(200));
    let Some(engine) = TestEngine::ours(builder, "the time is set for the test").await else {
        return;
    };
    let worker = engine.worker(engine.address()).await;
    let mut channel = worker.create_channel(None).await.unwrap();
    within(channel.reader.read_all()).await.unwrap_err();
    let mut channel = worker.create_channel(1).await.unwrap();
    let unread = async {
        loop {
            if let Err(error) = channel.writer.write(pattern(1 << 20)).await {
                break error;
            }
        }
    };
    let error = within(unread).await;
    assert!(matches!(error, WriteError::Ended { .. }), "{error:?}");
}

#[tokio::test]
async fn worker_detects_a_silent_engine_and_reconnects() {
    let engine = TestEngine::start().await;
    let proxy = FaultProxy::start(engine.url(), FaultPlan::new())
        .await
        .unwrap();
    let address: Address = proxy.url().parse().unwrap();
    let worker = engine.builder(address).keep_alive(BEAT, DEAD);
    let worker = worker.connect().await.unwrap();
    worker
        .register_function("hang", async |(): ()| std::future::pending::<()>().await)
        .unwrap();
    worker.registered().await.unwrap();
    let mut states = worker.states();
    let call = tokio::spawn({
        let worker = worker.clone();
        async move { worker.call::<()>("hang", &()).await }
    });
    within(proxy.carried(1000)).await;
    proxy.strike_each(Fault::Stall);
    let error = within(call).await.unwrap().unwrap_err();
    assert!(matches!(error, CallError::Disconnected { .. }), "{error}");
    // New connections pass.
    within(async {
        let mut lost = false;
        while let Some(state) = states.next().await {
            lost |= state != ConnectionState::Connected;
            if lost && state == ConnectionState::Connected {
                break;
            }
        }
    })
    .await;
    within(worker.create_channel(None)).await.unwrap();
}

#[tokio::test]
async fn an_engine_finds_a_worker_that_has_fallen_silent() {
    let builder = Engine::builder().keep_alive(BEAT, DEAD);
    let why = "only ours pings its workers";
    let Some(engine) = TestEngine::ours(builder, why).await else {
        return;
    };
    let proxy = FaultProxy::start(engine.url(), FaultPlan::new())
        .await
        .unwrap();
    let host = Worker::connect(proxy.url()).await.unwrap();
    let (entered, mut running) = tokio::sync::mpsc::channel(1);
    host.register_function("hang", move |(): ()| {
        let entered = entered.clone();
        async move {
            entered.send(()).await.unwrap();
            std::future::pending::<()>().await;
        }
    })
    .unwrap();
    host.registered().await.unwrap();
    let guest = engine.worker(engine.address()).await;
    let call = guest.call::<()>("hang", &());
    let strike = async {
        running.recv().await.unwrap();
        // Busy for longer than the timeout, but not considered lost.
        tokio::time::sleep(2 * DEAD).await;
        assert_eq!(engine.handle(why).unwrap().stats().functions, 1);
        proxy.strike_each(Fault::Stall);
    };
    let (called, ()) = within(async { tokio::join!(call, strike) }).await;
    let error = called.unwrap_err();
    assert!(error.to_string().contains("hang"), "{error}");
    engine.settled(|stats| stats.functions == 0).await;
    // The others are unaffected.
    within(guest.create_channel(None)).await.unwrap();
}

#[tokio::test]
async fn an_engine_that_stands_still_is_found_by_everybody() {
    let (engine, url) = Program::engine().await;
    let address: Address = url.parse().unwrap();
    let worker = Worker::builder(address.clone().heartbeat(BEAT, DEAD));
    let worker = worker.keep_alive(BEAT, DEAD).connect().await.unwrap();
    let mut channel = worker.create_channel(None).await.unwrap();
    channel.reader.connect().await.unwrap();
    let mut states = worker.states();
    ProcessFault::Stop.strike(engine.id()).unwrap();
    let lost = async { while states.next().await == Some(ConnectionState::Connected) {} };
    let (read, ()) = within(async { tokio::join!(channel.reader.read_all(), lost) }).await;
    assert_silent(&read.unwrap_err());
}

#[tokio::test]
async fn ends_of_a_stopped_worker_are_closed() {
    let builder = Engine::builder().keep_alive(BEAT, DEAD);
    let Some(engine) = TestEngine::ours(builder, "only ours pings its workers").await else {
        return;
    };
    let proxy = FaultProxy::start(engine.url(), FaultPlan::new())
        .await
        .unwrap();
    let guest = Worker::connect(proxy.url()).await.unwrap();
    let host = engine.worker(engine.address()).await;
    // The silent peer writes, and the other one reads.
    let (to_guest, to_host) = (
        host.create_channel(1).await.unwrap(),
        host.create_channel(1).await.unwrap(),
    );
    let mut reads = guest.reader(&to_guest.reader_ref);
    let mut writes = guest.writer(&to_host.writer_ref);
    reads.connect().await.unwrap();
    writes.write("half").await.unwrap();
    writes.flush().await.unwrap();
    proxy.strike_each(Fault::Stall);
    let (mut writer, mut reader) = (to_guest.writer, to_host.reader);
    let held_back = async {
        loop {
            if let Err(error) = writer.write(pattern(1 << 20)).await {
                break error;
            }
        }
    };
    let (written, read) = within(async { tokio::join!(held_back, reader.read_all()) }).await;
    assert!(matches!(written, WriteError::ReaderGone), "{written:?}");
    assert!(read.unwrap_err().is_truncated());
    engine.settled(|stats| stats.channels == 0).await;
}

#[tokio::test]
async fn receiver_detects_a_silent_sender_over_any_engine() {
    let scene = Scene::new(FaultPlan::new()).await;
    let beat = DEAD / 3;
    let through = scene.through().heartbeat(beat, 100 * DEAD);
    // The engine serves the receiver as usual; only the stream itself reveals the loss.
    let channel = scene.house.channel().await;
    let mut sender: Sender<u32> = Sender::new(ChannelWriter::new(&through, &channel.writer_ref));
    let mut receiver: Receiver<u32> = Receiver::new(channel.reader);
    sender.send(1).await.unwrap();
    assert_eq!(within(receiver.recv()).await.unwrap(), Some(1));
    // Idle for longer than the timeout, but not considered lost.
    let idle = tokio::time::timeout(2 * DEAD, receiver.recv()).await;
    assert!(idle.is_err(), "{idle:?}");
    sender.send(2).await.unwrap();
    assert_eq!(within(receiver.recv()).await.unwrap(), Some(2));
    scene.proxy.strike_each(Fault::Stall);
    let error = within(receiver.recv()).await.unwrap_err();
    assert_silent(&error);
    assert!(chain(&error).contains("the writer"), "{}", chain(&error));
}
