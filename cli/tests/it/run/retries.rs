//! Runs that are repeated by options.

use super::{Filter, Stages};

#[tokio::test]
async fn a_failed_run_begins_again_after_growing_delays() {
    let stages = Stages::new().await;
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(path("in"), "one\n").unwrap();
    // It fails twice.
    let script = format!(
        "cmd:sh -c 'echo x >> {0}; test $(wc -l < {0}) -gt 2 && cat'",
        path("tries")
    );
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_pipewright"));
    command
        .args(["run", "--url", &stages.url, &script])
        .args(["--retry", "3", "--retry-wait", "10ms"])
        .args(["-i", &path("in"), "-o", &path("out")]);
    let ended = Filter::of(&mut command).through(b"").await;
    ended.complete();
    for told in ["in 10ms; attempts left: 3", "in 20ms; attempts left: 2"] {
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
    }
    assert_eq!(std::fs::read(path("out")).unwrap(), b"one\n");
    let ended = Filter::start(&stages.url, "bytes::copy --retry 1").through(b"");
    let ended = ended.await;
    let said = ended.failed(2);
    assert!(said.contains("needs files as input and output"), "{said}");
}
