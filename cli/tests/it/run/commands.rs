//! Commands as steps of a pipeline, and as served stages.

use std::path::Path;

use super::{Filter, Stages};
use crate::program::Program;
use crate::support::within;

fn commands(url: &str, arguments: &[&str]) -> Filter {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_pipewright"));
    command.args(["run", "--url", url]).args(arguments);
    Filter::of(&mut command)
}

async fn served(url: &str, arguments: &[&str]) -> Program {
    let mut all = vec!["serve", "--url", url];
    all.extend(arguments);
    let mut program = Program::pipewright(&all);
    assert!(program.line().await.starts_with("serving "));
    program
}

/// Waits until the process with the id in `file` has ended.
async fn gone(file: &Path) {
    let id = std::fs::read_to_string(file).unwrap();
    let process = Path::new("/proc").join(id.trim()).join("stat");
    within(async {
        // An ended process that was not reaped is a zombie.
        while std::fs::read_to_string(&process).is_ok_and(|stat| !stat.contains(") Z ")) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_command_is_a_step_in_place() {
    let stages = Stages::new().await;
    let run = commands(
        &stages.url,
        &["cmd:tr a-z A-Z", "bytes::copy", "cmd:sed 's/B/x y/'"],
    );
    assert_eq!(run.through(b"abc\n").await.complete(), b"Ax yC\n");
}

#[tokio::test]
async fn a_command_is_a_stage_of_any_worker() {
    let stages = Stages::new().await;
    let command = [
        "--id",
        "bytes::gz",
        "--env",
        "X=7",
        "--directory",
        "/",
        "--",
        "sh",
        "-c",
    ];
    let script = "echo $X $PWD; gzip -9 | gzip -d";
    let _served = served(&stages.url, &[&command[..], &[script]].concat()).await;
    let data = vec![b'x'; 3 << 20];
    let ended = commands(&stages.url, &["bytes::gz"]).through(&data).await;
    assert!(ended.complete() == [b"7 /\n", &data[..]].concat());
    let listed = Program::pipewright(&["stages", "--url", &stages.url]);
    let listed = listed.success().await;
    assert!(listed.contains("gzip -9 | gzip -d"), "{listed}");
}

/// Callers of the stage must not be able to choose which command runs on its machine.
#[tokio::test]
async fn a_caller_cannot_replace_a_served_command() {
    let stages = Stages::new().await;
    let _served = served(
        &stages.url,
        &["--id", "bytes::upper", "--", "tr", "a-z", "A-Z"],
    )
    .await;
    let other = ["--param", "bytes::upper.command=[\"echo\", \"mine\"]"];
    let run = commands(&stages.url, &[&["bytes::upper"], &other[..]].concat());
    assert_eq!(run.through(b"abc\n").await.complete(), b"ABC\n");
}

#[tokio::test]
async fn a_command_that_fails_is_the_cause() {
    let stages = Stages::new().await;
    for (script, expected) in [
        (
            "cat; echo broken >&2; exit 3",
            "ended with status 3: broken",
        ),
        ("kill -9 $$", "was ended by signal 9"),
    ] {
        let step = format!("cmd:sh -c '{script}'");
        let ended = commands(&stages.url, &[&step]).through(b"x").await;
        let said = ended.failed(4);
        assert!(said.contains(expected), "{said}");
    }
    let ended = commands(&stages.url, &["cmd:no-such-program"])
        .through(b"x")
        .await;
    let said = ended.failed(4);
    assert!(said.contains("cannot start `no-such-program`: "), "{said}");
}

#[tokio::test]
async fn a_command_that_reads_no_more_ends_well() {
    let stages = Stages::new().await;
    let mut run = commands(&stages.url, &["cmd:head -n 1"]);
    run.put(&vec![b'\n'; 100_000]).await;
    let stdin = run.stdin.take();
    assert_eq!(run.ended().await.complete(), b"\n");
    drop(stdin);
}

#[tokio::test]
async fn a_command_never_outlives_its_run() {
    let stages = Stages::new().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("id");
    // It ignores SIGTERM.
    let script = format!(
        "trap \"\" TERM; echo $$ > {}; while :; do sleep 1; done",
        file.display()
    );
    let step = format!("cmd:sh -c '{script}'");
    let run = commands(&stages.url, &[&step, "--deadline", "1s"]);
    let ended = run.through(b"").await;
    ended.failed(4);
    gone(&file).await;
}

#[tokio::test]
async fn a_pipeline_file_may_hold_commands() {
    let stages = Stages::new().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("p.toml");
    let text = "[[steps]]\ncommand = [\"sh\", \"-c\", \"cat; echo $X\"]\nenv = { X = \"end\" }\n\
                [[steps]]\nstage = \"bytes::copy\"\n";
    std::fs::write(&file, text).unwrap();
    let run = commands(&stages.url, &["-f", file.to_str().unwrap()]);
    assert_eq!(run.through(b"x\n").await.complete(), b"x\nend\n");
}
