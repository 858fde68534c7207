//! Ctrl-C, once and twice.

#![cfg(unix)]

use std::time::{Duration, Instant};

use pipewright::{StageRequest, Worker};
use tokio::sync::mpsc;

use super::{Filter, Stages};
use crate::support::within;

#[tokio::test]
async fn ctrl_c_cancels_the_run_and_waits_for_it() {
    let stages = Stages::new().await;
    for name in ["INT", "TERM"] {
        let mut run = Filter::start(&stages.url, "bytes::copy bytes::copy");
        run.put(b"begin").await;
        assert_eq!(run.take(5).await, b"begin");
        run.signal(name).await;
        let stdin = run.stdin.take();
        let ended = run.ended().await;
        assert_eq!(ended.failed(130), "error: the run was cancelled\n");
        drop(stdin);
    }
    // Nothing of them is left: the worker has no stage to wait for.
    stages.worker.shutdown().await.unwrap();
}

/// A stage that does not know how to be cancelled; tells when it was called.
fn stubborn(worker: &Worker) -> mpsc::UnboundedReceiver<()> {
    let (called, calls) = mpsc::unbounded_channel();
    let hang = move |_: StageRequest| {
        called.send(()).unwrap();
        std::future::pending::<()>()
    };
    worker.register_function("foreign::hang", hang).unwrap();
    calls
}

#[tokio::test]
async fn ctrl_c_twice_leaves_at_once() {
    let stages = Stages::new().await;
    let mut calls = stubborn(&stages.worker);
    stages.worker.registered().await.unwrap();
    // Without the second it would wait for the stage, for five seconds; a busy machine may take as
    // long once, but not each time.
    let mut took = Vec::new();
    while took.len() < 3 {
        took.push(leave(&stages, &mut calls).await);
        if took.last() < Some(&Duration::from_secs(4)) {
            return;
        }
    }
    panic!("{took:?}");
}

/// How long a run takes that is interrupted twice.
async fn leave(stages: &Stages, calls: &mut mpsc::UnboundedReceiver<()>) -> Duration {
    let mut run = Filter::start(&stages.url, "foreign::hang");
    within(calls.recv()).await.unwrap();
    let begun = Instant::now();
    let stdin = run.stdin.take();
    run.signal("INT").await;
    assert_eq!(
        run.says().await,
        "cancelling the run; once more to leave at once\n"
    );
    run.signal("INT").await;
    let ended = run.ended().await;
    ended.failed(130);
    drop(stdin);
    begun.elapsed()
}
