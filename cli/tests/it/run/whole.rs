//! Complete runs.

use pipewright::{Invocation, StageRequest};

use super::{Filter, Stages};
use crate::support::{assert_same, pattern};

#[tokio::test]
async fn random_bytes_come_back_as_they_were() {
    let stages = Stages::new().await;
    for len in [0, 1, 65_536, 65_537, 5_000_000] {
        let input = pattern(len);
        let run = Filter::start(&stages.url, "bytes::gzip bytes::copy bytes::gunzip");
        let ended = run.through(&input).await;
        assert_same(ended.complete(), &input, len);
    }
}

#[tokio::test]
async fn files_are_read_and_written() {
    let stages = Stages::new().await;
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let data = pattern(300_000);
    std::fs::write(path("in"), &data).unwrap();
    std::fs::write(path("out"), "of an earlier run").unwrap();
    let arguments = format!(
        "bytes::copy --input {} --output {}",
        path("in"),
        path("out")
    );
    let ended = Filter::start(&stages.url, &arguments).ended().await;
    assert!(ended.complete().is_empty());
    assert_same(&std::fs::read(path("out")).unwrap(), &data, "out");
    let names = std::fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(names, 2, "the part has got its name");
}

#[tokio::test]
async fn parameters_reach_their_stages() {
    let stages = Stages::new().await;
    let arguments = "--format lines text::label text::sound bytes::head \
                     --param text::label.with=> -p bytes::head.bytes=7";
    let ended = Filter::start(&stages.url, arguments)
        .through(b"one\ntwo\n")
        .await;
    assert_eq!(ended.complete(), b">one\n>t");
}

#[tokio::test]
async fn the_format_of_the_input_is_what_stages_are_told() {
    let stages = Stages::new().await;
    let input = b"{\"n\": 1}\n\n{\"n\":2}";
    for format in ["ndjson", "bytes"] {
        let arguments = format!("json::numbers --format {format}");
        let ended = Filter::start(&stages.url, &arguments).through(input).await;
        assert_eq!(ended.complete(), b"1\n2\n", "{format}");
    }
    // The lines are text, but the stage expects records.
    let ended = Filter::start(&stages.url, "json::numbers --format lines")
        .through(input)
        .await;
    let said = ended.failed(4);
    assert!(said.contains("invalid type: string"), "{said}");
}

#[tokio::test]
async fn quiet_says_nothing() {
    let stages = Stages::new().await;
    let ended = Filter::start(&stages.url, "bytes::copy --quiet")
        .through(b"x")
        .await;
    assert_eq!(ended.code, Some(0));
    assert_eq!((&ended.stdout[..], &ended.stderr[..]), (&b"x"[..], ""));
}

/// A plain writer, like a worker without pipewright, sends neither totals nor a checksum.
#[tokio::test]
async fn a_run_that_cannot_be_verified_says_so() {
    let stages = Stages::new().await;
    let copy = async |request: StageRequest, invocation: Invocation| {
        let worker = invocation.worker();
        let mut reader = worker.reader(&request.reader_ref.unwrap());
        let mut writer = worker.writer(&request.writer_ref.unwrap()).plain();
        while let Some(bytes) = reader.next_bytes().await? {
            writer.write(bytes).await?;
        }
        writer.close().await?;
        // Nor does it report how much it wrote.
        Ok::<_, pipewright::Error>(())
    };
    stages
        .worker
        .register_function("foreign::copy", copy)
        .unwrap();
    stages.worker.create_channel(None).await.unwrap();
    let ended = Filter::start(&stages.url, "bytes::copy foreign::copy")
        .through(b"x")
        .await;
    assert_eq!(ended.complete(), b"x");
    assert!(
        ended.stderr.starts_with("complete, not verified: "),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("foreign::copy sends no totals"),
        "{}",
        ended.stderr
    );
}
