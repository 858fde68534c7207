//! Failing runs and their messages.

use futures::{SinkExt, StreamExt};
use pipewright::{Invocation, StageRequest};
use tokio::process::Command;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::{Filter, Stages};
use crate::support::within;

/// Lines, of which the thousandth makes a stage fail.
fn poisoned() -> String {
    let lines = (1..=2_000).map(|n| {
        if n == 1_000 {
            "poison\n".to_owned()
        } else {
            format!("{n}\n")
        }
    });
    lines.collect()
}

#[tokio::test]
async fn failing_stage_is_named_with_item_and_reason() {
    let stages = Stages::new().await;
    let run = Filter::start(&stages.url, "bytes::copy text::sound bytes::copy");
    let ended = run.through(poisoned().as_bytes()).await;
    let said = ended.failed(4);
    // Items are counted from 0.
    assert_eq!(
        said,
        "error: stage text::sound at item 999: the line is poison\n"
    );
}

#[tokio::test]
async fn a_failed_run_never_looks_like_a_whole_file() {
    let stages = Stages::new().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    std::fs::write(&path, "of an earlier run").unwrap();
    let arguments = format!("text::sound --output {}", path.display());
    let ended = Filter::start(&stages.url, &arguments)
        .through(poisoned().as_bytes())
        .await;
    let said = ended.failed(4);
    assert!(
        said.contains("out is unchanged; the output that had arrived is in "),
        "{said}"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "of an earlier run");
    assert!(directory.path().join("out.part").exists());
}

#[tokio::test]
async fn missing_stage_is_reported_before_reading_input() {
    let stages = Stages::new().await;
    for (id, hint) in [
        ("text::sonud", "hint: did you mean `text::sound`?"),
        ("sound", "hint: did you mean `text::sound`?"),
        (
            "image::scale",
            "hint: start the worker of the stage; the engine has bytes::copy, ",
        ),
    ] {
        let mut run = Filter::start(&stages.url, &format!("bytes::copy {id}"));
        let stdin = run.stdin.take();
        let ended = run.ended().await;
        let said = ended.failed(4);
        assert!(
            said.contains(&format!("no worker has the stage `{id}`")),
            "{said}"
        );
        assert!(said.contains(hint), "{said}");
        drop(stdin);
    }
}

#[tokio::test]
async fn invalid_command_line_is_reported_with_a_hint() {
    let stages = Stages::new().await;
    for (arguments, expected) in [
        (
            "bytes::copy --param bytes::cpoy.n=1",
            "did you mean `bytes::copy`?",
        ),
        ("bytes::copy --param n=1", "write STAGE.key=value"),
        (
            "bytes::copy --input no/such/file",
            "cannot read no/such/file",
        ),
        (
            "bytes::copy --output no/such/file",
            "cannot write no/such/file",
        ),
        ("bytes::copy --output .", "cannot write .: is a directory"),
        ("bytes::copy --deadline soon", "deadline"),
        ("bytes::head", "missing field `bytes`"),
        ("", "<STAGE>..."),
    ] {
        let ended = Filter::start(&stages.url, arguments).through(b"").await;
        let said = ended.failed(2);
        assert!(said.contains(expected), "{arguments}: {said}");
    }
}

#[tokio::test]
async fn without_an_engine_it_says_how_to_get_one() {
    let (mut engine, url) = crate::program::Program::engine().await;
    engine.kill().await;
    let ended = Filter::start(&url, "bytes::copy").through(b"x").await;
    let said = ended.failed(3);
    assert!(
        said.contains("hint: start an engine with `pipewright engine`"),
        "{said}"
    );
}

#[tokio::test]
async fn killed_engine_does_not_end_the_stream() {
    let mut stages = Stages::new().await;
    let mut run = Filter::start(&stages.url, "bytes::copy bytes::copy");
    run.put(b"begin").await;
    assert_eq!(run.take(5).await, b"begin");
    stages.engine.kill().await;
    let stdin = run.stdin.take();
    let ended = run.ended().await;
    let said = ended.failed(3);
    assert!(
        said.contains("the engine went away during the run, so the output is not whole"),
        "{said}"
    );
    drop(stdin);
}

/// A peer that promises an end message in its header, but does not send it.
#[tokio::test]
async fn truncated_stream_has_its_own_exit_status() {
    let stages = Stages::new().await;
    let url = stages.url.clone();
    let cut = move |request: StageRequest, invocation: Invocation| {
        let end = request.writer_ref.unwrap();
        let key = end.access_key.expose();
        let url = format!("{url}/ws/channels/{}?key={key}&dir=write", end.channel_id);
        async move {
            let mut reader = invocation.worker().reader(&request.reader_ref.unwrap());
            let part = reader.read_all().await.unwrap();
            let (mut socket, _) = connect_async(url).await.unwrap();
            let header = r#"{"type":"metadata","pipewright":1,"format":"bytes"}"#;
            socket.send(Message::text(header)).await.unwrap();
            socket.send(Message::binary(part)).await.unwrap();
            socket.close(None).await.unwrap();
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    stages
        .worker
        .register_function("foreign::cut", cut)
        .unwrap();
    stages.worker.create_channel(None).await.unwrap();
    let run = Filter::start(&stages.url, "foreign::cut");
    let ended = run.through(b"a part").await;
    let said = ended.failed(5);
    assert!(
        said.contains("the stream was cut short after 6 bytes"),
        "{said}"
    );
    assert_eq!(ended.stdout, b"a part");
}

/// A full disk, as a program sees it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_an_error() {
    let stages = Stages::new().await;
    let ended = Filter::start(&stages.url, "bytes::copy --output /dev/full")
        .through(b"x")
        .await;
    let said = ended.failed(1);
    assert!(
        said.contains("cannot write /dev/full: No space left on device"),
        "{said}"
    );

    // Limits the size of a file to half a megabyte.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    let script = format!(
        "trap '' XFSZ; ulimit -f 1000; exec {} run --url {} bytes::copy --output {}",
        env!("CARGO_BIN_EXE_pipewright"),
        stages.url,
        path.display(),
    );
    let run = Filter::of(Command::new("sh").args(["-c", &script]));
    let ended = run.through(&vec![b'x'; 2_000_000]).await;
    let said = ended.failed(1);
    assert!(said.contains("out: File too large"), "{said}");
    assert!(!path.exists());
}

#[tokio::test]
async fn two_runs_do_not_write_one_file() {
    let stages = Stages::new().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out");
    let arguments = format!("bytes::copy --output {}", path.display());
    let mut first = Filter::start(&stages.url, &arguments);
    let part = directory.path().join("out.part");
    within(async {
        while !part.exists() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    first.put(b"first").await;
    let mut second = Filter::start(&stages.url, &arguments);
    let stdin = second.stdin.take();
    let ended = second.ended().await;
    let said = ended.failed(2);
    assert!(said.contains("another run is writing"), "{said}");
    drop(stdin);
    first.through(b"").await.complete();
    assert_eq!(std::fs::read(&path).unwrap(), b"first");
}
