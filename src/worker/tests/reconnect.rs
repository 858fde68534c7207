use std::time::Duration;

use futures::{FutureExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::{Backoff, CallError, Closed, ConnectionState, Invocation, Worker};
use super::connected;
use super::engine::ScriptedEngine;

#[tokio::test(start_paused = true)]
async fn a_call_under_way_fails_and_the_worker_comes_back() {
    let (worker, mut peer, mut engine) = connected().await;
    worker.register_function("b", async |(): ()| ()).unwrap();
    worker.register_function("a", async |(): ()| ()).unwrap();
    peer.next().await;
    peer.next().await;
    let (outcome, ()) = tokio::join!(worker.call::<()>("f", &()), async {
        peer.expect_call("f").await;
        drop(peer);
    });
    let error = outcome.unwrap_err();
    assert!(matches!(error, CallError::Disconnected { .. }), "{error:?}");
    assert!(error.to_string().contains("idempotent"));
    assert_eq!(worker.state(), ConnectionState::Reconnecting);

    let mut peer = engine.accept().await;
    assert_eq!(
        peer.next().await,
        json!({"type": "reattach", "previous_worker_id": "w1", "reattach_token": "t1"})
    );
    assert_eq!(peer.next().await["id"], "b");
    assert_eq!(peer.next().await["id"], "a");
    peer.expect_announcement().await;
    assert_eq!(worker.state(), ConnectionState::Connected);
}

#[tokio::test(start_paused = true)]
async fn the_token_is_kept_until_there_is_another() {
    let (_worker, peer, mut engine) = connected().await;
    engine.greet_with(Vec::new());
    drop(peer);
    for _ in 0..2 {
        let mut peer = engine.accept().await;
        assert_eq!(peer.next().await["reattach_token"], "t1");
    }
}

#[tokio::test(start_paused = true)]
async fn an_idempotent_call_is_made_again_under_another_id() {
    let (worker, mut peer, mut engine) = connected().await;
    let call = worker.trigger("f", "x").metadata("m").idempotent();
    let (outcome, ()) = tokio::join!(call.call::<u8>(), async {
        let (first, _) = peer.expect_call("f").await;
        peer.close();
        let mut peer = engine.accept().await;
        peer.next().await;
        peer.expect_announcement().await;
        let (second, again) = peer.expect_call("f").await;
        assert_ne!(first, second);
        assert_eq!(
            (&again["data"], &again["metadata"]),
            (&json!("x"), &json!("m"))
        );
        peer.answer(&second, json!(7)).await;
    });
    assert_eq!(outcome.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn calls_made_meanwhile_wait_within_their_deadline() {
    let (worker, peer, mut engine) = connected().await;
    let mut states = worker.states();
    assert_eq!(states.next().await, Some(ConnectionState::Connected));
    engine.refuse(3);
    drop(peer);
    assert_eq!(states.next().await, Some(ConnectionState::Reconnecting));
    // The engine accepts the fourth attempt: the delays are about 100 ms, 1 s, 2 s and 4 s.
    let short = worker.trigger("short", &()).timeout(Duration::from_secs(1));
    let long = worker.trigger("long", &()).timeout(Duration::from_secs(20));
    let (short, long, ()) = tokio::join!(short.call::<()>(), long.call::<()>(), async {
        let mut peer = engine.accept().await;
        peer.next().await;
        peer.expect_announcement().await;
        let (id, _) = peer.expect_call("long").await;
        peer.answer(&id, Value::Null).await;
    });
    assert!(short.unwrap_err().is_timeout());
    long.unwrap();
    assert_eq!(states.next().await, Some(ConnectionState::Connected));
}

#[tokio::test(start_paused = true)]
async fn the_waits_grow() {
    let (_worker, peer, mut engine) = connected().await;
    engine.refuse(3);
    let start = Instant::now();
    drop(peer);
    let _peer = engine.accept().await;
    // 0.1 + 1 + 2 + 4 seconds, each 30 % more or less.
    let waited = start.elapsed().as_secs_f64();
    assert!((4.9..9.3).contains(&waited), "{waited}");
    assert_eq!(engine.dialled(), 5);
}

#[tokio::test(start_paused = true)]
async fn answer_is_not_sent_on_a_later_connection() {
    let (worker, mut peer, mut engine) = connected().await;
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    let opened = gate.clone();
    worker
        .register_function("slow", move |(): ()| {
            let opened = opened.clone();
            async move { opened.notified().await }
        })
        .unwrap();
    peer.next().await;
    peer.invoke("i", "slow", Value::Null).await;
    drop(peer);
    let mut peer = engine.accept().await;
    peer.next().await;
    peer.next().await;
    peer.expect_announcement().await;
    gate.notify_one();
    peer.invoke("j", "slow", Value::Null).await;
    gate.notify_one();
    assert_eq!(peer.next().await["invocation_id"], "j");
}

#[tokio::test(start_paused = true)]
async fn a_function_registered_meanwhile_is_part_of_the_replay() {
    let (worker, peer, mut engine) = connected().await;
    worker.register_function("old", async |(): ()| ()).unwrap();
    drop(peer);
    let mut states = worker.states();
    while states.next().await != Some(ConnectionState::Reconnecting) {}
    worker.unregister_function("old");
    worker.register_function("new", async |(): ()| ()).unwrap();
    let mut peer = engine.accept().await;
    peer.next().await;
    assert_eq!(peer.next().await["id"], "new");
    peer.expect_announcement().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_may_give_up() {
    let mut engine = ScriptedEngine::new();
    let worker = Worker::builder(engine.address())
        .reconnect(Backoff::never())
        .connect()
        .await
        .unwrap();
    let mut peer = engine.accept().await;
    peer.expect_announcement().await;
    peer.close();
    let Closed::GaveUp { attempts, reason } = worker.closed().await else {
        panic!("not given up");
    };
    assert_eq!(attempts, 0);
    assert!(reason.contains("1012"), "{reason}");
    assert_eq!(worker.state(), ConnectionState::Closed);
    let error = worker.call::<()>("f", &()).await.unwrap_err();
    assert!(error.is_closed());
    assert!(matches!(error, CallError::Closed { .. }));
    let refused = worker.register_function("f", async |(): ()| ());
    assert!(refused.unwrap_err().is_closed());
    worker.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_rejected_worker_does_not_come_back() {
    let (worker, mut peer, engine) = connected().await;
    let (outcome, ()) = tokio::join!(worker.call::<()>("f", &()), async {
        peer.expect_call("f").await;
        peer.send(json!({
            "type": "registrationrejected", "code": "WORKER_NAMESPACE_CONFLICT",
            "namespace": "default", "worker_name": "raw1", "owner_worker_id": "other",
        }))
        .await;
    });
    let error = outcome.unwrap_err();
    assert!(matches!(error, CallError::Closed { .. }));
    assert!(
        error
            .to_string()
            .contains("`raw1` belongs to another worker")
    );
    assert!(matches!(worker.closed().await, Closed::Rejected(_)));
    assert_eq!(engine.dialled(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_silent_engine_is_taken_for_lost() {
    let mut engine = ScriptedEngine::new();
    engine.leave_pings_unanswered();
    let start = Instant::now();
    let worker = Worker::builder(engine.address()).connect().await.unwrap();
    let _peer = engine.accept().await;
    let mut states = worker.states();
    while states.next().await != Some(ConnectionState::Reconnecting) {}
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_answers_pings_is_kept() {
    let (worker, _peer, engine) = connected().await;
    let mut states = worker.states();
    states.next().await;
    let silence = tokio::time::timeout(Duration::from_secs(600), states.next());
    assert!(silence.await.is_err());
    assert_eq!(engine.dialled(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_running_function_calls_across_a_reconnect() {
    let (worker, mut peer, mut engine) = connected().await;
    worker
        .register_function("outer", async |(): (), invocation: Invocation| {
            let call = invocation.trigger("inner", &()).idempotent();
            call.call::<u8>().await
        })
        .unwrap();
    peer.next().await;
    peer.invoke("i", "outer", Value::Null).await;
    peer.expect_call("inner").await;
    drop(peer);
    let mut peer = engine.accept().await;
    for _ in 0..3 {
        peer.next().await;
    }
    let (id, _) = peer.expect_call("inner").await;
    peer.answer(&id, json!(1)).await;
    // Its caller was lost with the old connection.
    peer.send(json!({"type": "ping"})).await;
    assert_eq!(peer.next().await, json!({"type": "pong"}));
    assert!(worker.closed().now_or_never().is_none());
}
