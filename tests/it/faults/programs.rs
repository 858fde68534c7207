//! Faults of whole processes.

use std::time::Duration;

use pipewright::testing::faults::ProcessFault;
use pipewright::{Backoff, Worker};

use crate::programs::Program;
use crate::support::within;

#[tokio::test]
async fn an_engine_that_stands_still_answers_when_it_goes_on() {
    let (engine, url) = Program::engine().await;
    let worker = Worker::connect(url.as_str()).await.unwrap();
    ProcessFault::Stop.strike(engine.id()).unwrap();
    let create = worker.create_channel(None);
    let unanswered = tokio::time::timeout(Duration::from_millis(100), create).await;
    assert!(unanswered.is_err());
    ProcessFault::Continue.strike(engine.id()).unwrap();
    within(worker.create_channel(None)).await.unwrap();
}

#[tokio::test]
async fn a_killed_engine_is_lost_and_its_process_gone() {
    let (engine, url) = Program::engine().await;
    let worker = Worker::builder(url.as_str())
        .reconnect(Backoff::never())
        .connect()
        .await
        .unwrap();
    let id = engine.id();
    ProcessFault::Kill.strike(id).unwrap();
    within(worker.closed()).await;
    assert!(!engine.output().await.status.success());
    let error = ProcessFault::Kill.strike(id).unwrap_err();
    assert!(error.to_string().contains(&id.to_string()), "{error}");
}
