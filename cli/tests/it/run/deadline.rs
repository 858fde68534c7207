//! `--deadline` applies in every state of a stage.

use std::time::{Duration, Instant};

use pipewright::StageRequest;

use super::{Filter, Stages};

#[tokio::test]
async fn deadline_ends_a_run_with_an_unresponsive_stage() {
    let stages = Stages::new().await;
    // It neither opens its streams nor hears that the run was cancelled.
    let hang = |_: StageRequest| std::future::pending::<()>();
    let registered = stages.worker.register_function("foreign::hang", hang);
    registered.unwrap();
    stages.worker.registered().await.unwrap();
    let began = Instant::now();
    let run = Filter::start(&stages.url, "foreign::hang --deadline 1s");
    let ended = run.ended().await;
    let told = ended.failed(4);
    assert!(told.contains("was not over within 1s"), "{told}");
    // The library waits 5 s for such a stage.
    assert!(began.elapsed() < Duration::from_secs(5), "{told}");
}

#[tokio::test]
async fn closed_output_ends_a_run_without_a_word() {
    let stages = Stages::new().await;
    let mut run = Filter::start(&stages.url, "text::upper");
    let mut stdin = run.stdin.take().unwrap();
    let feed = tokio::spawn(async move {
        let lines = "abc\n".repeat(10_000);
        while tokio::io::AsyncWriteExt::write_all(&mut stdin, lines.as_bytes())
            .await
            .is_ok()
        {}
    });
    run.take(8).await;
    let Filter {
        mut child,
        stdout,
        mut stderr,
        ..
    } = run;
    drop(stdout);
    let status = crate::support::within(child.wait()).await.unwrap();
    assert_eq!(status.code(), Some(141));
    let mut told = String::new();
    let read = tokio::io::AsyncReadExt::read_to_string(&mut stderr, &mut told);
    read.await.unwrap();
    assert_eq!(told, "");
    feed.abort();
}
