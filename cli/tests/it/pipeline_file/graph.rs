use super::Scratch;
use crate::program::Program;

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pipeline.toml");

#[tokio::test]
async fn as_text() {
    let output = Program::pipewright(&["graph", DOCS]).success().await;
    let expected = "\
standard input, lines
  log::parse level=\"error\", writes ndjson
  geo::locate, 4 copies in order
  tee
    bytes::gzip
    -> located.ndjson.gz
  broadcast to 2 branches
    branch 1
      user::mask
    branch 2
      as it is
  partition by /user into 3 branches, each
    user::sessions
  bytes::gzip, writes bytes
-> standard output
";
    assert_eq!(output, expected);
}

#[tokio::test]
async fn in_the_language_of_graphviz() {
    let pipeline = "input = \"in\"\nformat = \"lines\"\n[[steps]]\nstage = \"a\"\nparams = { with = \"\\\"\" }\n\
                    [[steps]]\ntee = \"side\"\n[[steps]]\nbroadcast = [[{ stage = \"b\" }], []]\n";
    let output = Scratch::new(pipeline)
        .command("graph", "--format dot")
        .await;
    let expected = r#"digraph pipeline {
  rankdir=LR;
  node [fontname="sans-serif"];
  n0 [label="in", shape=cylinder];
  n1 [label="a with=\"\\\"\"", shape=box];
  n0 -> n1 [label="lines"];
  n2 [label="tee", shape=point];
  n1 -> n2 [label="lines"];
  n3 [label="side", shape=cylinder];
  n2 -> n3 [label="lines"];
  n4 [label="broadcast", shape=triangle];
  n2 -> n4 [label="lines"];
  n5 [label="merge", shape=invtriangle];
  n6 [label="b", shape=box];
  n4 -> n6 [label="lines"];
  n6 -> n5 [label="lines"];
  n4 -> n5 [label="lines"];
  n7 [label="standard output", shape=cylinder];
  n5 -> n7 [label="lines"];
}
"#;
    assert_eq!(output.stdout, expected);
}

/// Uses a `dot` program of this test, so that Graphviz itself is not tested.
#[cfg(unix)]
#[tokio::test]
async fn as_a_picture() {
    use std::os::unix::fs::PermissionsExt;

    let scratch = Scratch::new("[[steps]]\nstage = \"a\"\n");
    let dot = scratch.path("dot");
    let draw = |script: &str, path: std::path::PathBuf| {
        std::fs::write(&dot, script).unwrap();
        std::fs::set_permissions(&dot, PermissionsExt::from_mode(0o755)).unwrap();
        let command = format!(
            "PATH={}:/usr/bin:/bin exec {} graph {} --format svg",
            path.display(),
            env!("CARGO_BIN_EXE_pipewright"),
            scratch.pipeline()
        );
        Program::shell(&command).output()
    };
    let here = dot.parent().unwrap().to_owned();
    let output = draw("#!/bin/sh\necho \"<svg $1>\"; wc -l\n", here.clone()).await;
    assert!(output.status.success(), "{output:?}");
    let lines: Vec<_> = output.stdout.lines().map(str::trim).collect();
    assert_eq!(lines, ["<svg -Tsvg>", "9"]);

    let output = draw("#!/bin/sh\necho broken >&2; exit 7\n", here).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        output
            .stderr
            .contains("`dot` of Graphviz failed, exit status: 7: broken"),
        "{output:?}"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn without_graphviz_it_says_what_to_do() {
    let scratch = Scratch::new("[[steps]]\nstage = \"a\"\n");
    let program = env!("CARGO_BIN_EXE_pipewright");
    let command = format!(
        "PATH=/nowhere exec {program} graph {} --format svg",
        scratch.pipeline()
    );
    let output = Program::shell(&command).output().await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        output
            .stderr
            .contains("cannot run the program `dot` of Graphviz"),
        "{output:?}"
    );
    assert!(
        output.stderr.contains("hint: install Graphviz"),
        "{output:?}"
    );
}
