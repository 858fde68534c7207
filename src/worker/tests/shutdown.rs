use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::super::{Backoff, CallError, Closed, Invocation, Worker};
use super::connected;
use super::engine::ScriptedEngine;
use crate::wire::Close;

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_running_functions_and_sends_their_results() {
    let (worker, mut peer, _engine) = connected().await;
    let gate = Arc::new(Notify::new());
    let opened = gate.clone();
    let outside = worker.clone();
    worker
        .register_function("slow", move |(): (), invocation: Invocation| {
            let (opened, outside) = (opened.clone(), outside.clone());
            async move {
                invocation.cancelled().await;
                let refused = outside.call::<()>("f", &()).await;
                assert!(matches!(refused, Err(CallError::ShutDown { .. })));
                opened.notified().await;
                // A handle of the invocation works until the end.
                invocation.worker().call::<u8>("inner", &()).await
            }
        })
        .unwrap();
    peer.next().await;
    peer.invoke("i", "slow", Value::Null).await;
    let (outcome, ()) = tokio::join!(worker.shutdown(), async {
        assert_eq!(
            peer.next().await,
            json!({"type": "unregisterfunction", "id": "slow"})
        );
        assert_eq!(peer.next().await, json!({"type": "ping"}));
        peer.send(json!({"type": "pong"})).await;
        let refused = peer.call("slow", Value::Null).await;
        assert_eq!(refused["error"]["code"], "invocation_stopped");
        gate.notify_one();
        let (id, _) = peer.expect_call("inner").await;
        peer.answer(&id, json!(5)).await;
        assert_eq!(peer.next().await["result"], 5);
        assert_eq!(peer.closed().await, Close::NORMAL);
    });
    outcome.unwrap();
    assert_eq!(worker.closed().await, Closed::ShutDown { unfinished: 0 });
    let error = worker.call::<()>("f", &()).await.unwrap_err();
    assert!(matches!(error, CallError::ShutDown { .. }));
    let refused = worker.register_function("f", async |(): ()| ());
    assert!(refused.unwrap_err().is_closed());
}

#[tokio::test(start_paused = true)]
async fn calls_on_their_way_are_served_during_a_shutdown() {
    for greeting in [Value::Null, json!(1)] {
        let mut engine = ScriptedEngine::new();
        engine.greet_with(vec![
            json!({"type": "workerregistered", "worker_id": "w", "pipewright": greeting}),
        ]);
        let worker = Worker::builder(engine.address()).connect().await.unwrap();
        let mut peer = engine.accept().await;
        peer.expect_announcement().await;
        worker.register_function("f", async |n: u8| n).unwrap();
        peer.next().await;
        let (outcome, ()) = tokio::join!(worker.shutdown(), async {
            peer.next().await;
            let (asked, answer) = if greeting.is_null() {
                ("ping", "pong")
            } else {
                ("drain", "drained")
            };
            assert_eq!(peer.next().await, json!({"type": asked}));
            assert_eq!(peer.call("f", json!(1)).await["result"], 1);
            peer.send(json!({"type": answer})).await;
            assert_eq!(peer.closed().await, Close::NORMAL);
        });
        outcome.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn functions_that_do_not_end_are_stopped_at_the_deadline() {
    let mut engine = ScriptedEngine::new();
    let worker = Worker::builder(engine.address())
        .shutdown_timeout(Duration::from_secs(3))
        .connect()
        .await
        .unwrap();
    let mut peer = engine.accept().await;
    peer.expect_announcement().await;
    worker
        .register_function("endless", async |(): ()| std::future::pending::<()>().await)
        .unwrap();
    peer.next().await;
    peer.invoke("i", "endless", Value::Null).await;
    peer.send(json!({"type": "ping"})).await;
    peer.next().await;
    let start = Instant::now();
    let error = worker.shutdown().await.unwrap_err();
    assert_eq!((error.unfinished, start.elapsed().as_secs()), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn call_in_flight_fails_when_its_worker_shuts_down() {
    let (worker, mut peer, _engine) = connected().await;
    let (outcome, shutdown, ()) = tokio::join!(
        worker.call::<()>("f", &()),
        async {
            tokio::task::yield_now().await;
            worker.shutdown().await
        },
        async {
            peer.expect_call("f").await;
            assert_eq!(peer.closed().await, Close::NORMAL);
        }
    );
    assert!(matches!(outcome, Err(CallError::ShutDown { .. })));
    shutdown.unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_handles_and_functions_a_worker_closes() {
    let (worker, mut peer, _engine) = connected().await;
    worker.trigger("last", &()).void().await.unwrap();
    let other = worker.clone();
    drop(worker);
    other.trigger("very last", &()).void().await.unwrap();
    drop(other);
    peer.expect_call("last").await;
    peer.expect_call("very last").await;
    assert_eq!(peer.closed().await, Close::NORMAL);
}

#[tokio::test(start_paused = true)]
async fn without_handles_functions_are_served_on() {
    let (worker, mut peer, _engine) = connected().await;
    worker
        .register_function("f", async |(): (), invocation: Invocation| {
            // The last function of the worker unregisters itself.
            invocation.worker().unregister_function("f")
        })
        .unwrap();
    drop(worker);
    peer.next().await;
    peer.invoke("i", "f", Value::Null).await;
    assert_eq!(peer.next().await["type"], "unregisterfunction");
    assert_eq!(peer.next().await["result"], true);
    assert_eq!(peer.closed().await, Close::NORMAL);
}

#[tokio::test(start_paused = true)]
async fn a_captured_handle_is_let_go_by_the_shutdown() {
    let (worker, mut peer, _engine) = connected().await;
    let captured = Arc::new(());
    let watched = Arc::downgrade(&captured);
    let inside = worker.clone();
    worker
        .register_function("f", move |(): ()| {
            let (inside, captured) = (inside.clone(), captured.clone());
            async move {
                let _ = (&inside, &captured);
            }
        })
        .unwrap();
    peer.next().await;
    worker.shutdown().await.unwrap();
    assert!(watched.upgrade().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_worker_without_a_connection_can_be_shut_down() {
    let (worker, peer, engine) = connected().await;
    engine.refuse(usize::MAX);
    drop(peer);
    let lost = worker.call::<()>("f", &());
    let shutdown = async {
        tokio::time::timeout(Duration::from_secs(1), worker.closed())
            .await
            .unwrap_err();
        worker.shutdown().await
    };
    let start = Instant::now();
    let (lost, shutdown) = tokio::join!(lost, shutdown);
    shutdown.unwrap();
    assert!(matches!(lost, Err(CallError::ShutDown { .. })));
    assert_eq!(start.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn functions_finish_even_when_the_connection_is_lost_meanwhile() {
    let mut engine = ScriptedEngine::new();
    let worker = Worker::builder(engine.address())
        .reconnect(Backoff::never())
        .connect()
        .await
        .unwrap();
    let mut peer = engine.accept().await;
    peer.expect_announcement().await;
    let finished = Arc::new(Notify::new());
    let finish = finished.clone();
    worker
        .register_function("f", move |(): (), invocation: Invocation| {
            let finish = finish.clone();
            async move {
                invocation.cancelled().await;
                tokio::task::yield_now().await;
                finish.notify_one();
            }
        })
        .unwrap();
    peer.next().await;
    peer.invoke("i", "f", Value::Null).await;
    peer.send(json!({"type": "ping"})).await;
    peer.next().await;
    drop(peer);
    worker.shutdown().await.unwrap();
    finished.notified().await;
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_goes_on_when_its_future_is_dropped() {
    let (worker, mut peer, _engine) = connected().await;
    assert!(worker.shutdown().now_or_never().is_none());
    assert_eq!(peer.closed().await, Close::NORMAL);
    assert_eq!(worker.closed().await, Closed::ShutDown { unfinished: 0 });
}
