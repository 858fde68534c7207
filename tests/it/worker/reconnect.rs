use std::time::Duration;

use futures::StreamExt;
use pipewright::testing::faults::{FaultPlan, FaultProxy};
use pipewright::{Backoff, CallError, Closed, ConnectionState, Engine, Worker};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::{FAILED, has_functions};
use crate::test_engine::TestEngine;

/// Delays that are short enough for a test. Unit tests with a paused clock cover their growth.
pub(super) async fn connect(engine: &TestEngine, proxy: &FaultProxy) -> Worker {
    let backoff = Backoff::new()
        .first(Duration::from_millis(5))
        .base(Duration::from_millis(5))
        .cap(Duration::from_millis(50));
    let worker = engine
        .builder(proxy.url().parse().unwrap())
        .reconnect(backoff)
        .connect()
        .await;
    worker.unwrap()
}

/// A line to the engine that can be cut, and led to another engine.
pub(super) async fn proxy_to(engine: &TestEngine) -> FaultProxy {
    let proxy = FaultProxy::start(engine.url(), FaultPlan::new()).await;
    proxy.unwrap()
}

pub(super) async fn reach(worker: &Worker, wanted: ConnectionState) {
    let mut states = worker.states();
    let reached = async { while states.next().await != Some(wanted) {} };
    timeout(FAILED, reached).await.expect("never reached");
}

#[tokio::test]
async fn functions_survive_a_cut_line() {
    let engine = TestEngine::start().await;
    let proxy = proxy_to(&engine).await;
    let (host, guest) = (
        connect(&engine, &proxy).await,
        connect(&engine, &proxy).await,
    );
    host.register_function("echo", async |n: u32| n).unwrap();
    has_functions(&engine, &guest, &["echo"]).await;
    let before = host.id();
    proxy.cut_off();
    reach(&host, ConnectionState::Reconnecting).await;
    reach(&guest, ConnectionState::Reconnecting).await;
    proxy.lead_to(engine.url()).unwrap();
    has_functions(&engine, &guest, &["echo"]).await;
    assert_eq!(guest.call::<u32>("echo", &7).await.unwrap(), 7);
    assert_ne!(host.id(), before);
    assert!(host.rejections().is_empty());
}

#[tokio::test]
async fn functions_survive_a_restart_of_the_engine() {
    const WHY: &str = "only ours can be restarted";
    let Some(engine) = TestEngine::ours(Engine::builder(), WHY).await else {
        return;
    };
    let proxy = proxy_to(&engine).await;
    let host = connect(&engine, &proxy).await;
    host.register_function("echo", async |n: u32| n).unwrap();
    has_functions(&engine, &host, &["echo"]).await;
    engine.handle(WHY).unwrap().shutdown().await;
    reach(&host, ConnectionState::Reconnecting).await;
    let second = TestEngine::start().await;
    proxy.lead_to(second.url()).unwrap();
    has_functions(&second, &host, &["echo"]).await;
    assert_eq!(host.call::<u32>("echo", &7).await.unwrap(), 7);
}

#[tokio::test]
async fn a_call_under_way_fails_unless_it_is_idempotent() {
    let engine = TestEngine::start().await;
    let proxy = proxy_to(&engine).await;
    let host = engine.worker(engine.address()).await;
    let guest = connect(&engine, &proxy).await;
    let (entered, mut running) = tokio::sync::mpsc::channel(2);
    let (open, gate) = tokio::sync::watch::channel(false);
    host.register_function("slow", move |n: u32| {
        let (entered, mut gate) = (entered.clone(), gate.clone());
        async move {
            entered.send(n).await.unwrap();
            gate.wait_for(|open| *open).await.unwrap();
            n
        }
    })
    .unwrap();
    has_functions(&engine, &guest, &["slow"]).await;
    let plain = guest.trigger("slow", &1).call::<u32>();
    let again = guest.trigger("slow", &2).idempotent().call::<u32>();
    let (plain, again, ()) = tokio::join!(plain, again, async {
        running.recv().await.unwrap();
        running.recv().await.unwrap();
        proxy.lead_to(engine.url()).unwrap();
        // The repeated call arrives a second time.
        assert_eq!(running.recv().await.unwrap(), 2);
        open.send_replace(true);
    });
    assert!(matches!(plain, Err(CallError::Disconnected { .. })));
    assert_eq!(again.unwrap(), 2);
}

/// A proxy in front of an engine may answer this way while the engine restarts.
#[tokio::test]
async fn a_refusal_while_reconnecting_is_tried_again() {
    let engine = TestEngine::start().await;
    let proxy = proxy_to(&engine).await;
    let host = connect(&engine, &proxy).await;
    let wall = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("ws://{}", wall.local_addr().unwrap());
    let mut statuses = ["401 Unauthorized", "403 Forbidden"].iter().cycle();
    let refusing = async {
        proxy.lead_to(&at).unwrap();
        for _ in 0..4 {
            let (mut stream, _) = wall.accept().await.unwrap();
            let head = format!("HTTP/1.1 {}\r\n", statuses.next().unwrap());
            let answer = format!("{head}content-length: 0\r\nconnection: close\r\n\r\n");
            let mut asked = [0; 4096];
            assert_ne!(stream.read(&mut asked).await.unwrap(), 0);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    };
    timeout(FAILED, refusing).await.expect("it gave up");
    proxy.lead_to(engine.url()).unwrap();
    reach(&host, ConnectionState::Connected).await;
    host.register_function("echo", async |n: u32| n).unwrap();
    has_functions(&engine, &host, &["echo"]).await;
}

#[tokio::test]
async fn an_engine_that_stays_away_is_given_up() {
    let engine = Engine::builder().in_process().start().await.unwrap();
    let worker = Worker::connect(engine.address()).await.unwrap();
    engine.shutdown().await;
    let closed = timeout(FAILED, worker.closed()).await.expect("still open");
    assert!(matches!(closed, Closed::GaveUp { .. }), "{closed}");
    assert!(worker.call::<()>("f", &()).await.unwrap_err().is_closed());
}
