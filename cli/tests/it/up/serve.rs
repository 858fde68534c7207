use super::Up;

#[tokio::test]
async fn workers_without_steps_are_served_until_a_signal() {
    let up = Up::new(
        "[[worker]]\nname = \"stubborn\"\n\
         command = [\"sh\", \"-c\", 'trap \"\" TERM; echo $$$$ > DIR/id; echo up; while :; do sleep 1; done']\n\
         [[worker]]\nname = \"polite\"\n\
         command = [\"sh\", \"-c\", 'echo $III_WORKER_NAME at $III_URL $PIPEWRIGHT_ENGINE_URL; exec sleep 60']\n",
    );
    let mut run = up.start(&["--grace", "300ms"]);
    let mut lines = [run.says().await, run.says().await];
    lines.sort();
    assert!(
        lines[0].starts_with("polite: polite at ws://127.0.0.1:"),
        "{lines:?}"
    );
    assert_eq!(lines[1], "stubborn: up\n");
    run.signal("TERM").await;
    let ended = run.ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let stdout = String::from_utf8(ended.stdout).unwrap();
    assert!(
        stdout.starts_with("engine ready at ws://127.0.0.1:"),
        "{stdout}"
    );
    assert!(up.is_gone("id"));
}

#[tokio::test]
async fn a_worker_that_fails_is_started_again() {
    let up = Up::new(
        "[[worker]]\nname = \"second\"\nrestart = \"on-failure\"\n\
         command = [\"sh\", \"-c\", 'test -e DIR/x && exit; touch DIR/x; exit 7']\n",
    );
    let ended = up.start(&[]).ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let expected = "note: the worker `second` ended with status 7; restarting in 500ms\n\
                    note: the worker `second` ended with status 0\n";
    assert_eq!(ended.stderr, expected);
}

#[tokio::test]
async fn all_workers_ended_is_a_failure_if_one_failed() {
    let up = Up::new("[[worker]]\ncommand = [\"false\"]\n[[worker]]\ncommand = [\"true\"]\n");
    let ended = up.start(&[]).ended().await;
    let said = ended.failed(4);
    let expected = "error: every worker has ended; the worker `false` ended with status 1\n";
    assert!(said.contains(expected), "{said}");
}

#[tokio::test]
async fn mistakes_of_workers_are_shown_at_their_place() {
    let up = Up::new(
        "[[worker]]\nname = \"a\"\ncommand = [\"true\"]\n\
         [[worker]]\nname = \"a\"\ncommand = []\n\
         [[worker]]\nname = \"a\"\ncommand = [\"true\"]\n",
    );
    let ended = up.start(&[]).ended().await;
    let said = ended.failed(2);
    for (message, place) in [
        ("a command has a program", "6:11"),
        ("two workers have the name `a`", "8:8"),
    ] {
        let at = said.find(message).unwrap_or_else(|| panic!("{said}"));
        let shown = said[at..].lines().nth(1).unwrap();
        assert!(shown.ends_with(place), "{message}: {said}");
    }
    let up = Up::new("[[worker]]\ncommand = [\"true\"]\nrestart = \"sometimes\"\n");
    let ended = up.start(&[]).ended().await;
    let said = ended.failed(2);
    assert!(said.contains("unknown variant `sometimes`"), "{said}");
}

#[tokio::test]
async fn other_commands_refuse_a_file_without_steps() {
    let up = Up::new("[[worker]]\ncommand = [\"true\"]\n");
    let ended = up.command("graph", &[]).ended().await;
    let said = ended.failed(2);
    assert!(said.contains("has workers, but no `steps`"), "{said}");
    assert!(said.contains("pipewright up FILE"), "{said}");
    let ended = up.command("check", &[]).ended().await;
    assert_eq!(ended.code, Some(0));
    let expected = "valid, with 0 stages and 1 worker\n";
    assert!(ended.stderr.ends_with(expected), "{}", ended.stderr);
}
