//! Environment variables and log settings.

use pipewright::Engine;
use serde_json::Value;

use super::{pipewright, run};

#[tokio::test]
async fn empty_variables_count_as_unset() {
    let engine = Engine::builder()
        .listen("127.0.0.1:0")
        .start()
        .await
        .unwrap();
    let url = engine.url().unwrap().to_string();
    let mut command = pipewright("", &["workers", "--url", &url]);
    for name in ["LOG", "LOG_FORMAT", "TOKEN", "CA"] {
        command.env(format!("PIPEWRIGHT_{name}"), "");
    }
    run(command, b"").await.succeeded();
    // The default address: an engine may run there.
    let ran = run(pipewright("", &["workers"]), b"").await;
    assert!(ran.code == Some(0) || ran.code == Some(3), "{ran:?}");
}

#[tokio::test]
async fn word_that_is_no_level_is_refused() {
    let ran = run(pipewright("", &["stages", "--log-level", "vrbose"]), b"").await;
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("`vrbose` is not a level"), "{ran:?}");
    let mut command = pipewright("", &["completions", "bash"]);
    command.env("PIPEWRIGHT_LOG", "warn,pipewright::engine=debug");
    run(command, b"").await.succeeded();
}

#[tokio::test]
async fn usage_errors_are_objects_in_a_json_log() {
    for arguments in [
        &["--log-format", "json", "run"][..],
        &["run", "a", "--log-format=json", "--bogus"],
        &["run", "a", "--deadline", "10", "--log-format", "json"],
        &["--log-format", "json", "no-command"],
    ] {
        let ran = run(pipewright("", arguments), b"").await;
        assert_eq!(ran.code, Some(2), "{ran:?}");
        for line in ran.stderr.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(
                (&line["level"], &line["status"]),
                (&"ERROR".into(), &2.into())
            );
        }
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
    }
}

#[tokio::test]
async fn times_beyond_the_clock_are_refused() {
    for (command, option) in [
        ("run", "--deadline"),
        ("trigger", "--timeout"),
        ("top", "--interval"),
    ] {
        let time = "18446744073709551615s 1000000000ns";
        let arguments = match command {
            "top" => vec![command, option, time],
            _ => vec![command, "f", option, time],
        };
        let ran = run(pipewright("", &arguments), b"").await;
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("longer than any time"), "{ran:?}");
    }
}
