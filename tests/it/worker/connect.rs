//! How a worker connects to its engine.

use std::net::IpAddr;
use std::time::Duration;

use pipewright::testing::faults::{FaultPlan, FaultProxy};
use pipewright::{Backoff, ConnectionState, Engine, Worker};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;

use super::FAILED;
use crate::test_engine::TestEngine;

fn host_of(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// Needs a name with two addresses, the first of which discards everything.
#[tokio::test]
async fn a_silent_address_does_not_hide_the_next() {
    let known: Vec<_> = lookup_host(("localhost", 1)).await.unwrap().collect();
    let [first, second] = known[..] else {
        eprintln!("left out: localhost is {known:?}");
        return;
    };
    let listen = format!("{}:0", host_of(second.ip()));
    let engine = Engine::builder().listen(listen).start().await.unwrap();
    let url = engine.url().unwrap().to_string();
    let port = url.trim_end_matches('/').rsplit_once(':').unwrap().1;
    let port: u16 = port.parse().unwrap();
    let socket = match first.ip() {
        IpAddr::V4(_) => TcpSocket::new_v4().unwrap(),
        IpAddr::V6(_) => TcpSocket::new_v6().unwrap(),
    };
    if socket.bind((first.ip(), port).into()).is_err() {
        eprintln!("left out: {} has no port {port}", first.ip());
        return;
    }
    // A listener with a full queue drops further connections.
    let _full = socket.listen(1).unwrap();
    let mut held = Vec::new();
    let moment = Duration::from_millis(500);
    while let Ok(Ok(stream)) = timeout(moment, TcpStream::connect((first.ip(), port))).await {
        held.push(stream);
    }
    let by_name = format!("ws://localhost:{port}");
    let connected = timeout(FAILED, Worker::connect(&*by_name)).await;
    connected.expect("it waits").unwrap();
}

/// A worker may be started before its engine.
#[tokio::test]
async fn the_first_connection_is_retried_in_the_background() {
    let engine = TestEngine::start().await;
    let proxy = FaultProxy::start(engine.url(), FaultPlan::new()).await;
    let proxy = proxy.unwrap();
    proxy.cut_off();
    let fast = Duration::from_millis(5);
    let worker = engine
        .builder(proxy.url().parse().unwrap())
        .reconnect(Backoff::new().first(fast).base(fast).cap(10 * fast))
        .connect_in_background()
        .unwrap();
    assert_eq!(worker.state(), ConnectionState::Reconnecting);
    worker.register_function("echo", async |n: u32| n).unwrap();
    let registered = async {
        worker.registered().await.unwrap();
        worker.call::<u32>("echo", &7).await
    };
    let (answer, led) = tokio::join!(registered, async { proxy.lead_to(engine.url()) });
    led.unwrap();
    assert_eq!(answer.unwrap(), 7);
    assert_eq!(worker.state(), ConnectionState::Connected);
}

#[tokio::test]
async fn background_worker_ends_when_it_gives_up() {
    let worker = Worker::builder("ws://127.0.0.1:1")
        .reconnect(Backoff::never())
        .connect_in_background()
        .unwrap();
    let closed = timeout(FAILED, worker.closed()).await.expect("never");
    assert!(closed.to_string().contains("127.0.0.1:1"), "{closed}");
    assert!(Worker::builder("nonsense").connect_in_background().is_err());
}
