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
    for (name, status) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let mut run = Filter::start(&stages.url, "bytes::copy bytes::copy");
        run.put(b"begin").await;
        assert_eq!(run.take(5).await, b"begin");
        run.signal(name).await;
        let stdin = run.stdin.take();
        let ended = run.ended().await;
        assert_eq!(ended.failed(status), "error: the run was cancelled\n");
        drop(stdin);
    }
    // The run has left no stages for the worker to wait for.
    stages.worker.shutdown().await.unwrap();
}

/// A stage that ignores cancellation, and reports when it was called.
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
    // Without the second signal, it would wait five seconds for the stage. A busy machine may take
    // as long once, but not every time.
    let mut took = Vec::new();
    while took.len() < 3 {
        took.push(leave(&stages, &mut calls).await);
        if took.last() < Some(&Duration::from_secs(4)) {
            return;
        }
    }
    panic!("{took:?}");
}

/// The duration of a run that is interrupted twice.
async fn leave(stages: &Stages, calls: &mut mpsc::UnboundedReceiver<()>) -> Duration {
    let mut run = Filter::start(&stages.url, "foreign::hang");
    within(calls.recv()).await.unwrap();
    let begun = Instant::now();
    let stdin = run.stdin.take();
    run.signal("INT").await;
    assert_eq!(
        run.says().await,
        "cancelling the run; interrupt again to exit immediately\n"
    );
    run.signal("INT").await;
    let ended = run.ended().await;
    ended.failed(130);
    drop(stdin);
    begun.elapsed()
}
