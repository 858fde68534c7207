use super::Up;
use crate::run::Stages;

/// A worker with the stage `text::big`, and the pipeline.
const BIG: &str = r#"
[[worker]]
name = "big"
command = ["sh", "-c", "echo $$$$ > DIR/id; exec PIPEWRIGHT serve --id text::big -- tr a-z A-Z"]

[[steps]]
stage = "text::big"
"#;

#[tokio::test]
async fn engine_workers_and_pipeline_run_in_one_command() {
    let up = Up::new(BIG);
    let ended = up.start(&[]).through(b"hello\n").await;
    assert_eq!(ended.complete(), b"HELLO\n");
    let said = &ended.stderr;
    assert!(
        said.starts_with("engine ready at ws://127.0.0.1:"),
        "{said}"
    );
    assert!(said.contains("\nbig: serving text::big at ws://"), "{said}");
    assert!(up.is_gone("id"));
}

#[tokio::test]
async fn the_status_is_that_of_the_run() {
    let up = Up::new(&format!("{BIG}\n[[steps]]\ncommand = [\"false\"]\n"));
    let ended = up.start(&[]).through(b"hello\n").await;
    let said = ended.failed(4);
    assert!(said.contains("`false` ended with status 1"), "{said}");
    assert!(up.is_gone("id"));
}

#[tokio::test]
async fn a_worker_that_ends_before_its_stages_is_the_error() {
    for (script, how) in [
        ("echo broken >&2; exit 3", "ended with status 3 (broken)"),
        ("kill -9 $$$$", "was ended by signal 9"),
        ("exit 0", "ended with status 0"),
    ] {
        let up = Up::new(&format!(
            "[[worker]]\nname = \"w\"\ncommand = [\"sh\", \"-c\", \"{script}\"]\n\
             [[steps]]\nstage = \"no::such\"\n"
        ));
        let ended = up.start(&[]).through(b"").await;
        let said = ended.failed(4);
        let expected = format!("error: the worker `w` {how} before `no::such` was registered\n");
        assert!(said.contains(&expected), "{said}");
        assert!(said.contains("hint: "), "{said}");
    }
    let up = Up::new("[[worker]]\ncommand = [\"no-such\"]\n[[steps]]\nstage = \"a\"\n");
    let ended = up.start(&[]).through(b"").await;
    let said = ended.failed(4);
    assert!(said.contains("cannot start `no-such`: "), "{said}");
}

#[tokio::test]
async fn missing_stages_are_an_error_after_the_wait() {
    let up = Up::new(&format!("{BIG}\n[[steps]]\nstage = \"text::bigg\"\n"));
    let ended = up.start(&["--wait", "2s"]).through(b"").await;
    let said = ended.failed(4);
    let expected = "error: no worker has registered `text::bigg` within 2s\n\
                    hint: did you mean `text::big`?; `--wait` waits longer\n";
    assert!(said.contains(expected), "{said}");
    assert!(up.is_gone("id"));
}

#[tokio::test]
async fn a_named_engine_is_used() {
    let stages = Stages::new().await;
    let up = Up::new(&format!("{BIG}\n[[steps]]\nstage = \"bytes::copy\"\n"));
    let ended = up.start(&["--url", &stages.url]).through(b"hi\n").await;
    assert_eq!(ended.complete(), b"HI\n");
    assert!(!ended.stderr.contains("engine ready"), "{}", ended.stderr);
    // Without the workers, its stage is missing.
    let ended = up.command("check", &["--online", "--url", &stages.url]);
    let said = ended.through(b"").await;
    assert!(said.failed(2).contains("no worker has the stage"));
}

#[tokio::test]
async fn the_log_of_a_worker_is_sanitized() {
    let up = Up::new(
        "[[worker]]\nname = \"evil\"\n\
         command = [\"sh\", \"-c\", 'printf \"\\033[2Jx\\nerror: y\\n\"; exec sleep 60']\n\
         [[steps]]\ncommand = [\"cat\"]\n",
    );
    let mut run = up.start(&["-q"]);
    assert_eq!(run.says().await, "evil: \u{fffd}[2Jx\n");
    assert_eq!(run.says().await, "evil: error: y\n");
    assert_eq!(run.through(b"a").await.stdout, b"a");
}
