//! Runs that end before their input does.

use std::process::Stdio;

use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::{Filter, Stages};
use crate::support::{TestEngine, within};

/// `head -c` reads a little of an endless input and exits.
#[cfg(unix)]
#[tokio::test]
async fn head_closes_early_and_all_ends_well() {
    let stages = Stages::new().await;
    let program = env!("CARGO_BIN_EXE_pipewright");
    let script = format!(
        "yes | {{ {program} run --url {} bytes::copy bytes::copy; echo \"code $?\" >&2; }} | head -c 100000",
        stages.url
    );
    let mut shell = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (mut out, mut said) = (Vec::new(), String::new());
    let (mut stdout, mut stderr) = (shell.stdout.take().unwrap(), shell.stderr.take().unwrap());
    let read = async {
        tokio::try_join!(
            stdout.read_to_end(&mut out),
            stderr.read_to_string(&mut said)
        )
        .unwrap();
        shell.wait().await.unwrap()
    };
    assert!(within(read).await.success());
    assert_eq!(out, "y\n".repeat(50_000).as_bytes());
    // An iii engine drops a writer without a reason.
    let told = TestEngine::start().await.is_pipewright();
    assert!(said == "code 141\n" || !told, "{said}");
}

/// A stage that needs no more items is not a failure, even if the input never ends.
#[tokio::test]
async fn a_stage_that_ends_early_ends_the_run() {
    let stages = Stages::new().await;
    let mut run = Filter::start(&stages.url, "bytes::head -p bytes::head.bytes=4");
    run.put(b"abcdef").await;
    // Standard input stays open.
    let stdin = run.stdin.take();
    let ended = run.ended().await;
    assert_eq!(ended.complete(), b"abcd");
    drop(stdin);
}

#[tokio::test]
async fn a_deadline_ends_the_run() {
    let stages = Stages::new().await;
    let mut run = Filter::start(&stages.url, "text::hang --deadline 300ms");
    let stdin = run.stdin.take();
    let ended = run.ended().await;
    let said = ended.failed(4);
    assert!(
        said.contains("text::hang") && said.contains("300ms"),
        "{said}"
    );
    drop(stdin);
}

/// The messages are lost, but not the data.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn run_continues_with_closed_standard_error() {
    let stages = Stages::new().await;
    let program = env!("CARGO_BIN_EXE_pipewright");
    for (arguments, code) in [("bytes::copy", 0), ("no::stage", 4)] {
        let script = format!(
            "exec {program} run --url {} {arguments} 2>/dev/full",
            stages.url
        );
        let run = Filter::of(Command::new("sh").args(["-c", &script]));
        assert_eq!(run.through(b"x").await.code, Some(code), "{arguments}");
    }
}
