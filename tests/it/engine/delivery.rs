//! Slow workers, workers that do not read, and slow lines affect only themselves.

use std::time::Duration;

use futures::StreamExt;
use pipewright::testing::faults::{Fault, FaultPlan, FaultProxy};
use pipewright::{Address, ConnectionState, Engine, Worker};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::MaybeTlsStream;

use super::{Control, FAILED, engine, settled, url};
use crate::support::within;

/// How long others may have to wait, on a busy machine.
const SOON: Duration = Duration::from_secs(15);

/// The silence after which these workers consider the engine dead. It is shorter than the time
/// after which the engine disconnects a worker that does not read.
const STEADY: Duration = Duration::from_secs(15);

fn invocation(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

async fn worker(engine: &Engine) -> Worker {
    Worker::connect(&*url(engine)).await.unwrap()
}

/// A worker with a function that returns `len` bytes, and one that returns its argument.
async fn host(address: Address, len: usize) -> Worker {
    let host = Worker::builder(address)
        .keep_alive(Duration::from_millis(500), STEADY)
        .connect()
        .await
        .unwrap();
    host.register_function("long", move |_: Value| async move { "x".repeat(len) })
        .unwrap();
    host.register_function("echo", async |n: u32| n).unwrap();
    host.registered().await.unwrap();
    host
}

/// Waits until a worker has executed this many calls.
async fn answered(host: &Worker, calls: u64) {
    within(async {
        while host.metrics().calls_succeeded < calls {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

async fn echo(worker: &Worker) {
    let begun = Instant::now();
    let answer = worker
        .trigger("echo", &7)
        .timeout(FAILED)
        .call::<u32>()
        .await;
    assert_eq!(answer.unwrap(), 7);
    assert!(begun.elapsed() < SOON, "after {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn caller_that_does_not_read_affects_no_other() {
    let engine = engine().await;
    let host = host(url(&engine).parse().unwrap(), 1 << 20).await;
    let before = host.id();
    let mut lazy = Control::connect(&engine).await;
    for n in 0..100 {
        lazy.invoke(&invocation(n), "long", &json!(null)).await;
    }
    // More results than may wait for it: the rest are refused, and no call stays open.
    answered(&host, 100).await;
    settled(&engine, |stats| stats.calls == 0).await;
    let guest = worker(&engine).await;
    for _ in 0..20 {
        echo(&guest).await;
    }
    assert_eq!(host.id(), before, "the executor lost its connection");
    // What it reads later is a result, or an error that says why there is none.
    let mut refused = 0;
    for _ in 0..100 {
        let answer = within(lazy.json()).await;
        match answer["error"]["code"].as_str() {
            None => assert_eq!(answer["result"].as_str().unwrap().len(), 1 << 20),
            Some(code) => {
                assert_eq!(code, "overloaded", "{answer}");
                refused += 1;
            }
        }
    }
    assert!((1..100).contains(&refused), "{refused} of 100");
}

#[tokio::test(flavor = "multi_thread")]
async fn executor_that_does_not_read_costs_its_callers_a_moment() {
    let engine = engine().await;
    let mut host = Control::connect(&engine).await;
    host.register("echo").await;
    let mut deaf = Control::connect(&engine).await;
    deaf.register("deaf").await;
    let mut caller = Control::connect(&engine).await;
    let long = "x".repeat(1 << 20);
    let begun = Instant::now();
    let sent = async {
        for n in 0..90 {
            let call = format!(
                r#"{{"type":"invokefunction","invocation_id":"{}","function_id":"deaf","data":"{long}"}}"#,
                invocation(n)
            );
            caller
                .client
                .send(tokio_tungstenite::tungstenite::Message::text(call))
                .await;
        }
        // After all of them: a ping, and a call of a worker that reads.
        caller.send(&json!({"type": "ping"})).await;
        caller.invoke(&invocation(100), "echo", &json!(7)).await;
        let mut overloaded = 0;
        loop {
            let answer = caller.json().await;
            if answer["type"] == "pong" {
                return overloaded;
            }
            assert_eq!(answer["error"]["code"], "overloaded", "{answer}");
            overloaded += 1;
        }
    };
    let called = async { within(host.json()).await };
    let (overloaded, called) = tokio::join!(sent, called);
    assert!((1..90).contains(&overloaded), "{overloaded} of 90");
    assert_eq!(called["function_id"], "echo");
    assert!(begun.elapsed() < SOON, "after {:?}", begun.elapsed());
}

#[tokio::test]
async fn long_message_on_a_slow_link_counts_as_activity() {
    let (ping, dead) = (Duration::from_millis(200), Duration::from_millis(600));
    let engine = Engine::builder()
        .listen("127.0.0.1:0")
        .keep_alive(ping, dead)
        .start()
        .await
        .unwrap();
    let mut raw = Control::connect(&engine).await;
    let MaybeTlsStream::Plain(stream) = raw.client.0.get_mut() else {
        panic!("no TLS here");
    };
    let body = json!({"type": "x", "pad": "p".repeat(1 << 20)}).to_string();
    let mut frame = vec![0x81, 0xff];
    frame.extend_from_slice(&(body.len() as u64).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(body.as_bytes());
    let mut clock = tokio::time::interval(ping / 2);
    for part in frame.chunks(frame.len() / 20 + 1) {
        clock.tick().await;
        stream.write_all(part).await.unwrap();
    }
    raw.synced().await;
    assert_eq!(engine.stats().workers, 1);
}

/// The engine sends a long result and the caller a long payload, each over a throttled line that
/// delays their pings.
#[tokio::test(flavor = "multi_thread")]
async fn slow_line_ends_no_connection_in_either_direction() {
    let (ping, dead) = (Duration::from_millis(200), Duration::from_secs(3));
    let engine = Engine::builder()
        .listen("127.0.0.1:0")
        .keep_alive(ping, dead)
        .start()
        .await
        .unwrap();
    let host = worker(&engine).await;
    host.register_function("repeat", async |text: String| text)
        .unwrap();
    host.registered().await.unwrap();
    let proxy = FaultProxy::start(&url(&engine), FaultPlan::new())
        .await
        .unwrap();
    let caller = Worker::builder(proxy.url().parse::<Address>().unwrap())
        .keep_alive(ping, dead)
        .connect()
        .await
        .unwrap();
    proxy.strike_each(Fault::Throttle(512 << 10));
    let mut states = caller.states();
    let text = "x".repeat(4 << 20);
    let call = caller
        .trigger("repeat", &text)
        .timeout(3 * FAILED)
        .call::<String>();
    tokio::select! {
        answer = call => assert_eq!(answer.unwrap().len(), text.len()),
        () = async {
            while states.next().await != Some(ConnectionState::Reconnecting) {}
        } => panic!("the connection was taken for lost"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn engine_stops_though_a_worker_does_not_read() {
    let engine = engine().await;
    let host = host(url(&engine).parse().unwrap(), 1 << 20).await;
    let mut lazy = Control::connect(&engine).await;
    for n in 0..40 {
        lazy.invoke(&invocation(n), "long", &json!(null)).await;
    }
    answered(&host, 40).await;
    settled(&engine, |stats| stats.calls == 0).await;
    let stopped = timeout(SOON, engine.shutdown()).await;
    assert!(stopped.is_ok(), "the engine waits for a reader");
}
