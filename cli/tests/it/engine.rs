//! `pipewright engine`.

use std::process::Stdio;

use pipewright::{Address, ConnectError, Worker};
use tokio::process::Command;

use crate::program::Program;
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
        // The file is written right after the line.
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

/// If the engine cannot start, the exit status reports a usage error, and the error names the
/// cause.
#[tokio::test]
async fn impossible_settings_end_with_status_2() {
    for (arguments, expected) in [
        (&["--listen", "999"][..], "HOST:PORT"),
        (&["--listen", ":0"], "cannot listen on :0"),
        (&["--listen", "192.0.2.1:4444"], "192.0.2.1:4444"),
        (
            &["--ready-file", "/no/such/folder/url"],
            "/no/such/folder/url",
        ),
        (&["--ping-every", "60s", "--dead-after", "1s"], "60s"),
        (&["--ping-every", "0s"], "0 s"),
        (&["--max-connections", "0"], "connection"),
        (&["--max-channel-bytes", "4"], "at least 64"),
        (
            &["--linger", "18446744073709551615s 1000000000ns"],
            "longer than any time",
        ),
    ] {
        let mut all = vec!["engine"];
        if arguments[0] != "--listen" {
            all.extend(["--listen", "127.0.0.1:0"]);
        }
        all.extend(arguments);
        let output = Program::pipewright(&all).output().await;
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert_eq!(output.stdout, "");
        assert!(output.stderr.contains(expected), "{output:?}");
    }
}

#[tokio::test]
async fn endless_times_are_honoured() {
    let mut arguments = vec!["engine", "--listen", "127.0.0.1:0"];
    for flag in [
        "--handshake-timeout",
        "--channel-ttl",
        "--linger",
        "--reattach-within",
        "--dead-after",
    ] {
        arguments.extend([flag, "18446744073709551615s"]);
    }
    let mut engine = Program::pipewright(&arguments);
    let line = engine.line().await;
    let url = line.strip_prefix("engine ready at ").unwrap();
    let worker = Worker::connect(url).await.unwrap();
    worker.create_channel(None).await.unwrap();
}

/// A new engine may start before the old one is stopped.
#[cfg(unix)]
#[tokio::test]
async fn a_ready_file_belongs_to_who_wrote_it() {
    let directory = tempfile::tempdir().unwrap();
    let ready = directory.path().join("url");
    let start = async || {
        let file = [
            "--listen",
            "127.0.0.1:0",
            "--ready-file",
            ready.to_str().unwrap(),
        ];
        let mut engine = Program::pipewright(&[&["engine"][..], &file].concat());
        let line = engine.line().await;
        let url = line.strip_prefix("engine ready at ").unwrap().to_owned();
        let written = within(async {
            while std::fs::read_to_string(&ready).unwrap_or_default().trim() != url {
                tokio::task::yield_now().await;
            }
        });
        written.await;
        (engine, url)
    };
    let (old, _) = start().await;
    let (new, url) = start().await;
    signal(&old, "TERM").await;
    assert!(old.output().await.status.success());
    assert_eq!(std::fs::read_to_string(&ready).unwrap().trim(), url);
    // A program that waits for the file may also remove it.
    std::fs::remove_file(&ready).unwrap();
    signal(&new, "TERM").await;
    let output = new.output().await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

/// Environment variables that the SDKs read.
#[tokio::test]
async fn the_environment_names_the_engine_and_the_token() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, "\u{feff}s3cret\r\n").unwrap();
    let token = ["--token-file", file.to_str().unwrap()];
    let mut engine = vec!["engine", "--listen", "127.0.0.1:0"];
    engine.extend(token);
    let mut engine = Program::pipewright(&engine);
    let line = engine.line().await;
    let url = line.strip_prefix("engine ready at ").unwrap();
    let list = async |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pipewright"));
        command.arg("workers").args(arguments);
        command
            .env_remove("PIPEWRIGHT_ENGINE_URL")
            .env_remove("III_TOKEN");
        command.envs(variables.iter().copied());
        within(command.output()).await.unwrap().status.code()
    };
    let nobody = "ws://127.0.0.1:1";
    let given = ("III_TOKEN", "s3cret");
    for (variables, arguments, status) in [
        (&[("III_URL", url), given][..], &[][..], 0),
        (
            &[("III_URL", url), ("PIPEWRIGHT_ENGINE_URL", ""), given],
            &[],
            0,
        ),
        (
            &[("III_URL", nobody), ("PIPEWRIGHT_ENGINE_URL", url), given],
            &[],
            0,
        ),
        (&[("III_URL", nobody), given], &["--url", url], 0),
        (&[("III_URL", nobody), given], &[], 3),
        (&[("III_URL", url), ("III_TOKEN", " ")], &[], 3),
        (&[("III_URL", url), ("III_TOKEN", "wrong")], &[], 3),
        (&[("III_URL", url), ("III_TOKEN", "wrong")], &token, 0),
        (&[("III_URL", "nonsense")], &[], 2),
    ] {
        let ended = list(variables, arguments).await;
        assert_eq!(ended, Some(status), "{variables:?} {arguments:?}");
    }
}
