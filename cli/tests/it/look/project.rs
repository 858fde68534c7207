//! `new`: the created project builds, passes its test, and serves its stage.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use pipewright::{Engine, Pipeline, remote};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::{look, pipewright, run};
use crate::support::{TestEngine, within};

/// The target directory of this test run, where the project's dependencies are already built.
fn target() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.ancestors().nth(3).unwrap().to_owned()
}

/// Cargo in `directory`, offline, with the versions of this repository.
fn cargo(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command
        .args(arguments)
        .arg("--offline")
        .current_dir(directory)
        .env("CARGO_TARGET_DIR", target())
        // The same as in this repository, so that dependencies are built only once.
        .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only");
    // Environment variables that Cargo sets for this test.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs it without a timeout, because compiling takes long.
async fn built(mut command: Command) -> String {
    let output = command.stdin(Stdio::null()).output().await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{told}");
    text
}

#[tokio::test]
async fn a_new_project_builds_passes_its_test_and_serves() {
    let why = "the stages of the engine are listed as a whole";
    let Some(engine) = TestEngine::ours(Engine::builder(), why).await else {
        return;
    };
    let url = engine.url().to_owned();
    let directory = tempfile::tempdir().unwrap();
    let project = directory.path().join("word-counter");
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let path = project.to_str().unwrap();
    let ran = look(&engine, &["new", path, "--pipewright-path", root])
        .await
        .succeeded();
    assert_eq!(ran.text(), "");
    assert!(ran.stderr.contains("try `cargo test` there"), "{ran:?}");
    let lock = Path::new(root).join("Cargo.lock");
    std::fs::copy(lock, project.join("Cargo.lock")).unwrap();

    let tested = built(cargo(&project, &["test"])).await;
    assert!(
        tested.contains("test tests::every_line_has_its_count ... ok"),
        "{tested}"
    );
    built(cargo(&project, &["build"])).await;

    let program = target().join("debug/word-counter");
    let mut worker = Command::new(program)
        .env("PIPEWRIGHT_ENGINE_URL", &url)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines();
    let line = within(lines.next_line()).await.unwrap();
    assert_eq!(line, Some(format!("serving word-counter::count at {url}")));
    engine.settled(|stats| stats.functions == 1).await;

    let ran = look(&engine, &["stages", "--output", "json"])
        .await
        .succeeded();
    let stage = &ran.json()["stages"][0];
    assert_eq!(stage["id"], "word-counter::count");
    assert_eq!(stage["description"], "Counts the words of each line.");
    assert_eq!(
        stage["output"],
        json!({"format": "ndjson", "item": "Count"})
    );
    assert_eq!(stage["worker_name"], "word-counter");

    let lines = [json!({"text": "to be or not"}), json!({"text": ""})];
    let stage = remote::<Value, Value>("word-counter::count");
    let worker = engine.worker(engine.address()).await;
    let run = Pipeline::from_iter(lines)
        .then(stage)
        .start(&worker)
        .await
        .unwrap();
    let counts = run.collect::<Vec<_>>().await.unwrap();
    assert_eq!(counts, [json!({"words": 4}), json!({"words": 0})]);
}

#[tokio::test]
async fn what_cannot_be_a_project_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let url = "ws://127.0.0.1:1";
    std::fs::create_dir(at("there")).unwrap();
    for (name, error, hint) in [
        ("there", "is there already", "choose another name"),
        (
            "2nd",
            "`2nd` cannot be the name of a package",
            "begin with a letter",
        ),
        ("a b", "`a b` cannot be the name", "begin with a letter"),
        ("match", "`match` cannot be the name", "begin with a letter"),
        ("serde", "`serde` cannot be the name", "begin with a letter"),
        ("deps", "`deps` cannot be the name", "begin with a letter"),
        ("build", "`build` cannot be the name", "begin with a letter"),
    ] {
        let ran = run(pipewright(url, &["new", &at(name)]), b"").await;
        ran.failed(2, error, hint);
    }
    let arguments = ["new", &at("a"), "--pipewright-path", &at("nowhere")];
    let ran = run(pipewright(url, &arguments), b"").await;
    ran.failed(2, "no pipewright in", "Cargo.toml");
    assert!(!Path::new(&at("a")).exists());

    run(pipewright(url, &["new", &at("published")]), b"")
        .await
        .succeeded();
    let manifest = std::fs::read_to_string(directory.path().join("published/Cargo.toml")).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!("pipewright = {{ version = \"{version}\", default-features = false");
    assert!(manifest.contains(&expected), "{manifest}");
}

#[tokio::test]
async fn project_inside_a_workspace_is_a_workspace_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let workspace = "[workspace]\nmembers = []\n";
    std::fs::write(directory.path().join("Cargo.toml"), workspace).unwrap();
    let path = directory.path().join("inner");
    let arguments = ["new", path.to_str().unwrap()];
    let ran = run(pipewright("ws://127.0.0.1:1", &arguments), b"").await;
    assert!(
        ran.succeeded()
            .stderr
            .contains("note: it is a workspace of its own")
    );
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
    std::fs::copy(lock, path.join("Cargo.lock")).unwrap();
    let metadata = ["metadata", "--no-deps", "--format-version", "1"];
    let about = built(cargo(&path, &metadata)).await;
    assert!(about.contains("\"name\":\"inner\""), "{about}");
}
