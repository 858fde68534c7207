//! A pipeline file is run as written.

use std::io::Read;

use async_compression::tokio::bufread::GzipDecoder;
use tokio::io::AsyncReadExt;

use super::Scratch;
use crate::run::{Filter, Stages};

/// Runs a file with lines as input; `{}` in it is the directory of the file.
async fn run(stages: &Stages, pipeline: &str, arguments: &str, input: &[u8]) -> (Scratch, Vec<u8>) {
    let scratch = Scratch::new("");
    let directory = scratch.path("").display().to_string();
    std::fs::write(scratch.pipeline(), pipeline.replace("{}", &directory)).unwrap();
    let arguments = format!("-f {} {arguments}", scratch.pipeline());
    let ended = Filter::start(&stages.url, &arguments).through(input).await;
    let output = ended.complete().to_vec();
    (scratch, output)
}

fn sorted(output: &[u8]) -> Vec<&str> {
    let mut lines: Vec<_> = std::str::from_utf8(output).unwrap().lines().collect();
    lines.sort_unstable();
    lines
}

#[tokio::test]
async fn stages_with_parameters_between_files() {
    let stages = Stages::new().await;
    let pipeline = r#"
format = "ndjson"
input = "{}/in"
output = "{}/out"

[[steps]]
stage = "json::numbers"
writes = "lines"

[[steps]]
stage = "text::label"
params = { with = ">" }
"#;
    let scratch = Scratch::new("");
    std::fs::write(scratch.path("in"), "{\"n\": 1}\n{\"n\": 2}\n").unwrap();
    let directory = scratch.path("").display().to_string();
    std::fs::write(scratch.pipeline(), pipeline.replace("{}", &directory)).unwrap();
    let arguments = format!("-f {}", scratch.pipeline());
    let ended = Filter::start(&stages.url, &arguments).ended().await;
    assert!(ended.complete().is_empty());
    assert_eq!(std::fs::read(scratch.path("out")).unwrap(), b">1\n>2\n");
    // The command line takes precedence.
    let arguments = format!("{arguments} -o - -p text::label.with=*");
    let ended = Filter::start(&stages.url, &arguments).ended().await;
    assert_eq!(ended.complete(), b"*1\n*2\n");
}

#[tokio::test]
async fn copies_share_the_work_and_keep_the_order() {
    let stages = Stages::new().await;
    let input: Vec<_> = (0..5_000).map(|n| n.to_string()).collect();
    let input = input.join("\n");
    let labelled: Vec<_> = (0..5_000).map(|n| format!("-{n}")).collect();
    for ordered in [true, false] {
        let pipeline = format!(
            "format = \"lines\"\n[[steps]]\nstage = \"text::label\"\nparams = {{ with = \"-\" }}\n\
             copies = 3\nordered = {ordered}\n"
        );
        let (_, output) = run(&stages, &pipeline, "", input.as_bytes()).await;
        if ordered {
            assert_eq!(output, (labelled.join("\n") + "\n").as_bytes());
        } else {
            let mut expected: Vec<_> = labelled.iter().map(String::as_str).collect();
            expected.sort_unstable();
            assert_eq!(sorted(&output), expected);
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn line_between_steps_is_bounded_with_and_without_line_end() {
    let stages = Stages::new().await;
    let scratch = Scratch::new(
        "[[steps]]\ncommand = [\"cat\"]\nwrites = \"lines\"\n\
         [[steps]]\nstage = \"text::label\"\nparams = { with = \"-\" }\ncopies = 2\n",
    );
    for input in [&b"1\n123456789\n"[..], b"1\n123456789"] {
        let arguments = format!("-f {} --max-item-bytes 8", scratch.pipeline());
        let ended = Filter::start(&stages.url, &arguments).through(input).await;
        let said = ended.failed(4);
        assert!(said.contains("--max-item-bytes"), "{said}");
    }
}

#[tokio::test]
async fn a_broadcast_gives_every_item_to_every_branch() {
    let stages = Stages::new().await;
    let pipeline = r#"
format = "lines"
[[steps]]
broadcast = [
  [{ stage = "text::label", params = { with = "a" } }],
  [],
]
[[steps]]
stage = "text::sound"
"#;
    let (_, output) = run(&stages, pipeline, "", b"1\n2").await;
    assert_eq!(sorted(&output), ["1", "2", "a1", "a2"]);
}

#[tokio::test]
async fn a_partition_keeps_items_of_a_key_together() {
    let stages = Stages::new().await;
    let pipeline = r#"
format = "ndjson"
[[steps]]
partition = { by = "/k", into = 3 }
steps = [{ stage = "json::ranks" }]
"#;
    let items = (0..300).map(|n| format!("{{\"k\": \"{}\", \"n\": {n}}}", n % 7));
    let input = items.collect::<Vec<_>>().join("\n");
    let (_, output) = run(&stages, pipeline, "", input.as_bytes()).await;
    // Each branch counts the items of each key. If all items of a key are in one branch, the last
    // count is their number.
    let mut most = std::collections::BTreeMap::new();
    for line in sorted(&output) {
        let (key, rank): (String, u64) = serde_json::from_str(line).unwrap();
        let most = most.entry(key).or_insert(0);
        *most = rank.max(*most);
    }
    let counts: Vec<_> = most.into_values().collect();
    assert_eq!(counts, [43, 43, 43, 43, 43, 43, 42]);
}

#[tokio::test]
async fn a_side_branch_writes_a_file_of_its_own() {
    let stages = Stages::new().await;
    let pipeline = r#"
[[steps]]
tee = "{}/side.gz"
steps = [{ stage = "bytes::gzip" }]
[[steps]]
stage = "bytes::copy"
"#;
    let data = crate::support::pattern(300_000);
    let (scratch, output) = run(&stages, pipeline, "", &data).await;
    assert!(output == data);
    let side = std::fs::read(scratch.path("side.gz")).unwrap();
    let mut unpacked = Vec::new();
    GzipDecoder::new(&side[..])
        .read_to_end(&mut unpacked)
        .await
        .unwrap();
    assert!(unpacked == data);
    assert!(!scratch.path("side.gz.part").exists());
}

#[tokio::test]
async fn failed_run_leaves_no_complete_side_file() {
    let stages = Stages::new().await;
    let scratch = Scratch::new("");
    let side = scratch.path("side");
    let pipeline = format!(
        "format = \"lines\"\n[[steps]]\ntee = \"{}\"\n[[steps]]\nstage = \"text::sound\"\n",
        side.display()
    );
    std::fs::write(scratch.pipeline(), pipeline).unwrap();
    let arguments = format!("-f {}", scratch.pipeline());
    let ended = Filter::start(&stages.url, &arguments)
        .through(b"poison\n")
        .await;
    ended.failed(4);
    assert!(!side.exists());
}

/// The stage fails the first time that it is used.
#[tokio::test]
async fn a_run_that_failed_is_tried_again() {
    let stages = Stages::new().await;
    let pipeline = "input = \"{}/in\"\noutput = \"{}/out\"\nretry = { times = 2, wait = \"10ms\" }\n\
                    [[steps]]\nstage = \"text::later\"\n";
    let scratch = Scratch::new("");
    std::fs::write(scratch.path("in"), "one\n").unwrap();
    let directory = scratch.path("").display().to_string();
    std::fs::write(scratch.pipeline(), pipeline.replace("{}", &directory)).unwrap();
    let arguments = format!("-f {}", scratch.pipeline());
    let ended = Filter::start(&stages.url, &arguments).ended().await;
    ended.complete();
    assert!(
        ended
            .stderr
            .contains("note: the run is repeated in 10ms; attempts left: 2"),
        "{}",
        ended.stderr
    );
    let mut out = String::new();
    std::fs::File::open(scratch.path("out"))
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    assert_eq!(out, "one\n");

    let arguments = format!("{arguments} --output -");
    let ended = Filter::start(&stages.url, &arguments).ended().await;
    let said = ended.failed(2);
    assert!(said.contains("needs files as input and output"), "{said}");
}

#[tokio::test]
async fn a_file_with_a_mistake_is_not_run() {
    let stages = Stages::new().await;
    let scratch = Scratch::new("[[steps]]\nstge = \"a\"\n");
    let arguments = format!("-f {}", scratch.pipeline());
    let ended = Filter::start(&stages.url, &arguments).through(b"").await;
    let said = ended.failed(2);
    assert!(said.contains("did you mean `stage`?"), "{said}");
}

#[tokio::test]
async fn pipeline_may_come_from_standard_input() {
    let stages = Stages::new().await;
    let directory = tempfile::tempdir().unwrap();
    let input = directory.path().join("in");
    std::fs::write(&input, "abc\n").unwrap();
    let pipeline = b"[[steps]]\nstage = \"text::upper\"\n";
    let arguments = format!("-f - -i {}", input.display());
    let ended = Filter::start(&stages.url, &arguments)
        .through(pipeline)
        .await;
    assert_eq!(ended.complete(), b"ABC\n");
    let ended = Filter::start(&stages.url, "-f -").through(pipeline).await;
    assert!(
        ended
            .failed(2)
            .contains("hint: name it with `--input FILE`")
    );
}
