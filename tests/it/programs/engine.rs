//! `pipewright engine`.

use std::process::Stdio;

use pipewright::{Address, ConnectError, Worker};
use tokio::process::Command;

use super::Program;
use crate::support::within;

/// Asks a process to stop, as a shell or a supervisor does.
#[cfg(unix)]
async fn signal(program: &Program, name: &str) {
    let id = program.id().to_string();
    let kill = Command::new("sh")
        .args(["-c", &format!("kill -s {name} {id}")])
        .status();
    assert!(kill.await.unwrap().success());
}

#[cfg(unix)]
#[tokio::test]
async fn serves_until_it_is_asked_to_stop() {
    for name in ["INT", "TERM"] {
        let directory = tempfile::tempdir().unwrap();
        let ready = directory.path().join("ready");
        let file = ready.to_str().unwrap();
        let mut engine =
            Program::pipewright(&["engine", "--listen", "127.0.0.1:0", "--ready-file", file]);
        let line = engine.line().await;
        let url = line.strip_prefix("engine ready at ").unwrap();
        let page = url.replace("ws://", "http://");
        // The file follows the line at once.
        let written = within(async {
            loop {
                match tokio::fs::read_to_string(&ready).await {
                    Ok(written) => break written,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        });
        assert_eq!(written.await.trim_end(), url);

        let worker = Worker::connect(url).await.unwrap();
        let channel = worker.create_channel(None).await.unwrap();
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.write("through a process").await.unwrap();
        writer.close().await.unwrap();
        assert_eq!(reader.read_all().await.unwrap(), "through a process");
        worker.shutdown().await.unwrap();

        signal(&engine, name).await;
        let output = engine.output().await;
        assert!(output.status.success(), "{name}: {output:?}");
        assert_eq!(output.stdout, "");
        let hint = format!("hint: {page} shows in a browser what runs\n");
        assert_eq!(output.stderr, hint);
        assert!(!ready.exists());
    }
}

#[tokio::test]
async fn a_token_comes_from_the_environment() {
    let mut engine = Command::new(env!("CARGO_BIN_EXE_pipewright"))
        .args([
            "engine",
            "--listen",
            "127.0.0.1:0",
            "--token-env",
            "TOKEN_OF_A_TEST",
        ])
        .env("TOKEN_OF_A_TEST", "s3cret")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let stdout = tokio::io::BufReader::new(engine.stdout.take().unwrap());
    let mut lines = tokio::io::AsyncBufReadExt::lines(stdout);
    let line = within(lines.next_line()).await.unwrap().unwrap();
    assert!(!line.contains("s3cret"));
    let url = line.strip_prefix("engine ready at ").unwrap();
    let refused = Worker::connect(url).await.unwrap_err();
    assert!(
        matches!(refused, ConnectError::Unauthorized { status: 401, .. }),
        "{refused}"
    );
    let address: Address = url.parse().unwrap();
    Worker::builder(address.bearer_token("s3cret"))
        .connect()
        .await
        .unwrap();
}

#[tokio::test]
async fn what_cannot_be_is_said_with_what_to_do() {
    let (_engine, url) = Program::engine().await;
    let taken = url.strip_prefix("ws://").unwrap();
    for (arguments, expected) in [
        (
            &["engine", "--listen", taken][..],
            "another engine may be running",
        ),
        (&["engine", "--listen", "0.0.0.0:0"], "set a bearer token"),
        (
            &["engine", "--listen", "nonsense"],
            "cannot listen on nonsense",
        ),
        (
            &["engine", "--token-env", "NOT_SET_FOR_A_TEST"],
            "NOT_SET_FOR_A_TEST",
        ),
    ] {
        let output = Program::pipewright(arguments).output().await;
        assert!(!output.status.success());
        assert_eq!(output.stdout, "");
        assert!(output.stderr.contains(expected), "{output:?}");
    }
}
