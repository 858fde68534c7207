use std::time::Duration;

use futures::FutureExt;
use serde_json::json;
use tokio::time::Instant;

use super::super::{ConnectionState, Worker};
use super::connected;
use super::engine::ScriptedEngine;
use crate::transport::ConnectError;
use crate::wire::Close;

#[tokio::test(start_paused = true)]
async fn a_worker_announces_itself() {
    let mut engine = ScriptedEngine::new();
    let worker = Worker::builder(engine.address())
        .name("sorter")
        .description("sorts")
        .namespace("tests")
        .connect()
        .await
        .unwrap();
    let mut peer = engine.accept().await;
    let announcement = peer.expect_announcement().await;
    assert_eq!(announcement["type"], "invokefunction");
    assert_eq!(announcement["action"], json!({"type": "void"}));
    assert_eq!(announcement["namespace"], "default");
    assert!(announcement.get("invocation_id").is_none());
    let data = &announcement["data"];
    assert_eq!(data["runtime"], "rust");
    assert_eq!(data["name"], "sorter");
    assert_eq!(data["description"], "sorts");
    assert_eq!(data["namespace"], "tests");
    assert_eq!(data["pid"], std::process::id());
    assert_eq!(data["telemetry"]["framework"], "pipewright");
    assert_eq!(worker.name(), "sorter");
    assert_eq!(worker.state(), ConnectionState::Connected);
    assert!(format!("{worker:?}").contains("sorter"));
}

#[tokio::test(start_paused = true)]
async fn the_engine_names_the_worker() {
    let (worker, mut peer, _engine) = connected().await;
    // An answer to the worker shows that the worker has read the messages before it.
    peer.send(json!({"type": "ping"})).await;
    assert_eq!(peer.next().await, json!({"type": "pong"}));
    assert_eq!(worker.id().as_deref(), Some("w1"));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_turned_away_learns_it_at_once() {
    let engine = ScriptedEngine::new();
    engine.greet_with(vec![json!({
        "type": "error", "error": {"code": "AUTH_ERROR", "message": "who are you"},
    })]);
    let error = Worker::builder(engine.address())
        .connect()
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::TurnedAway { .. }));
    assert!(error.to_string().contains("who are you (AUTH_ERROR)"));
}

#[tokio::test(start_paused = true)]
async fn an_engine_without_a_greeting_is_taken_as_it_is() {
    let mut engine = ScriptedEngine::new();
    engine.greet_with(Vec::new());
    let start = Instant::now();
    let worker = Worker::builder(engine.address()).connect().await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(5));
    engine.accept().await.expect_announcement().await;
    assert_eq!(worker.id(), None);
}

#[tokio::test(start_paused = true)]
async fn no_engine_is_an_error_and_not_a_wait() {
    let engine = ScriptedEngine::new();
    engine.refuse(1);
    let error = Worker::builder(engine.address())
        .connect()
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable { .. }));
    assert_eq!(engine.dialled(), 1);
}

#[tokio::test]
async fn an_address_may_be_text() {
    let error = Worker::connect("http://localhost").await.unwrap_err();
    assert!(matches!(error, ConnectError::InvalidAddress(_)));
    let error = Worker::connect(String::new()).await.unwrap_err();
    assert!(matches!(error, ConnectError::InvalidAddress(_)));
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_is_dropped_gives_the_connection_up() {
    let mut engine = ScriptedEngine::new();
    engine.greet_with(Vec::new());
    let connecting = Worker::builder(engine.address()).connect();
    assert!(connecting.now_or_never().is_none());
    assert_eq!(engine.accept().await.closed().await, Close::WRITER_LOST);
}
