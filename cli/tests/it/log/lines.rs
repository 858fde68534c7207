//! What the program logs on standard error, as text and as JSON.

use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

#[cfg(unix)]
use pipewright::Worker;

#[cfg(unix)]
use crate::program::Program;
use crate::support::within;

struct Logged {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Logged {
    /// Parses every line as a JSON object.
    fn lines(&self) -> Vec<Value> {
        let lines = self.stderr.lines();
        let parsed = lines.map(|line| {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
            for field in ["timestamp", "level", "target", "message"] {
                assert!(line[field].is_string(), "{field} in {line}");
            }
            line
        });
        parsed.collect()
    }
}

async fn pipewright(arguments: &[&str], variables: &[(&str, &str)]) -> Logged {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pipewright"));
    for name in ["RUST_LOG", "PIPEWRIGHT_LOG", "PIPEWRIGHT_LOG_FORMAT"] {
        command.env_remove(name);
    }
    command.args(arguments).envs(variables.iter().copied());
    let ran = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = within(ran).await.unwrap();
    Logged {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// An address at which nothing listens.
const NOBODY: [&str; 3] = ["functions", "--url", "ws://127.0.0.1:1"];

const BENCH: [&str; 4] = ["bench", "--embedded", "--time", "10ms"];

#[tokio::test]
async fn failure_is_one_json_line_with_status_and_hint() {
    let ran = pipewright(&[&NOBODY[..], &["--log-format", "json"]].concat(), &[]).await;
    assert_eq!(ran.status, Some(3));
    let lines = ran.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert_eq!(lines[0]["level"], "ERROR");
    assert_eq!(lines[0]["status"], 3);
    assert_eq!(lines[0]["target"], "pipewright::said");
    let message = lines[0]["message"].as_str().unwrap();
    assert!(message.contains("ws://127.0.0.1:1"), "{message}");
    assert!(lines[0]["causes"].is_string(), "{}", lines[0]);
}

#[tokio::test]
async fn the_environment_asks_as_the_command_line_does() {
    let variables = [
        ("PIPEWRIGHT_LOG_FORMAT", "json"),
        ("PIPEWRIGHT_LOG", "pipewright=debug"),
    ];
    let ran = pipewright(&["engine", "--listen", "nowhere:x"], &variables).await;
    assert_ne!(ran.status, Some(0));
    assert!(!ran.lines().is_empty());
    // The command line takes precedence.
    let text = [&NOBODY[..], &["--log-format", "text"]].concat();
    let ran = pipewright(&text, &variables).await;
    let first = ran.stderr.lines().next().unwrap();
    assert!(first.starts_with("error: "), "{first}");
}

#[tokio::test]
async fn levels_filter_the_log_and_data_stays_on_stdout() {
    let quiet = pipewright(&BENCH, &[]).await;
    assert_eq!((quiet.status, &*quiet.stderr), (Some(0), ""));
    assert!(!quiet.stdout.is_empty());
    for (arguments, variables) in [
        (&["--log-level", "pipewright=debug"][..], &[][..]),
        (&[][..], &[("PIPEWRIGHT_LOG", "debug")][..]),
        (&[][..], &[("RUST_LOG", "pipewright::worker=debug")][..]),
    ] {
        let ran = pipewright(&[&BENCH[..], arguments].concat(), variables).await;
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        let connected = ran.stderr.lines().find(|line| line.contains("connected"));
        let connected = connected.unwrap_or_else(|| panic!("{}", ran.stderr));
        assert!(connected.contains("DEBUG"), "{connected}");
        // No colours, because standard error is not a terminal.
        assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
    }
    let off = [("PIPEWRIGHT_LOG", "off"), ("RUST_LOG", "debug")];
    assert_eq!(pipewright(&BENCH, &off).await.stderr, "");
}

/// The debug log, which helps to find out why something does not work.
#[cfg(unix)]
#[tokio::test]
async fn the_engine_logs_who_comes_and_what_is_refused() {
    let engine = [
        "engine",
        "--listen",
        "127.0.0.1:0",
        "--log-level",
        "pipewright=debug",
    ];
    let mut engine = Program::pipewright(&engine);
    let line = engine.line().await;
    let url = line.strip_prefix("engine ready at ").unwrap();
    let bench = ["bench", "--time", "10ms", "--url", url];
    assert_eq!(pipewright(&bench, &[]).await.status, Some(0));
    let nowhere = format!("{url}/nowhere");
    assert!(Worker::connect(&*nowhere).await.is_err());
    let (first, second) = (Worker::connect(url).await, Worker::connect(url).await);
    for worker in [first.as_ref().unwrap(), second.as_ref().unwrap()] {
        worker.register_function("taken", async |n: u32| n).unwrap();
        worker.registered().await.unwrap();
    }
    let id = engine.id().to_string();
    let stopped = Command::new("kill").arg(&id).status().await.unwrap();
    assert!(stopped.success());
    let logged = engine.output().await.stderr;
    for (words, of) in [
        ("a worker connected", "127.0.0.1"),
        ("registering a function", "taken"),
        ("a worker disconnected", "worker="),
        ("a function was refused", "taken"),
        ("refused a request", "/nowhere"),
    ] {
        let found = logged
            .lines()
            .any(|line| line.contains(words) && line.contains(of));
        assert!(found, "{words}: {logged}");
    }
}

#[tokio::test]
async fn a_level_that_is_none_is_told() {
    for (name, wrong) in [("--log-level", "pipewright=loud"), ("--log-format", "xml")] {
        let ran = pipewright(&[&NOBODY[..], &[name, wrong]].concat(), &[]).await;
        assert_eq!(ran.status, Some(2), "{name}");
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
    }
}
