//! Every example runs and prints what it promises.

use std::path::Path;

use super::Program;
use super::promised::{lines, promised};
use crate::support::House;

fn data(name: &str) -> String {
    format!("{}/examples/data/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn in_directory(directory: &tempfile::TempDir, name: &str) -> String {
    directory.path().join(name).to_str().unwrap().to_owned()
}

#[tokio::test]
async fn word_count_of_this_repository() {
    let output = Program::example("word_count", &[]).success().await;
    let lines = lines(&output);
    assert!(
        lines.iter().any(|line| line.ends_with("  self")),
        "{output}"
    );
    // One stage outputs what the next one reads.
    let stages = ["files::read", "words::split", "words::count"].map(|stage| {
        let line = lines.iter().find(|line| line.starts_with(stage)).unwrap();
        let numbers = line.split_whitespace().skip(1);
        let numbers: Vec<u64> = numbers.map_while(|number| number.parse().ok()).collect();
        <[u64; 4]>::try_from(numbers).unwrap()
    });
    let [[_, lines_read, _, bytes_read], split, [words, shown, _, _]] = stages;
    assert!(lines_read > 10_000 && bytes_read > 500_000, "{output}");
    assert_eq!(
        [split[0], split[1], split[2]],
        [lines_read, words, bytes_read]
    );
    assert_eq!(shown, 12);
    let last = lines.last().unwrap();
    assert!(
        last.starts_with("12 items in ") && last.contains(", complete, verified"),
        "{output}"
    );
}

#[tokio::test]
async fn word_count_counts_what_is_there() {
    let directory = tempfile::tempdir().unwrap();
    // A word does not continue from one file to the next.
    std::fs::write(
        directory.path().join("a.txt"),
        "To be, or not to be\nthat's",
    )
    .unwrap();
    std::fs::write(directory.path().join("b.txt"), "be\u{e9}").unwrap();
    let path = directory.path().to_str().unwrap();
    let output = Program::example("word_count", &[path]).success().await;
    let words: Vec<_> = lines(&output)
        .into_iter()
        .skip(1)
        .map_while(|line| line.trim().split_once("  "))
        .collect();
    let expected = [
        ("2", "be"),
        ("2", "to"),
        ("1", "be\u{e9}"),
        ("1", "not"),
        ("1", "or"),
        ("1", "s"),
        ("1", "that"),
    ];
    assert_eq!(words, expected);

    let output = Program::example("word_count", &["no/such/file"])
        .output()
        .await;
    assert!(!output.status.success());
    assert!(
        output.stderr.contains("stage files::read: No such file"),
        "{output:?}"
    );
}

#[tokio::test]
async fn file_copy_copies() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let data = crate::support::pattern(300_000);
    std::fs::write(path("source"), &data).unwrap();
    let output = Program::example("file_copy", &[&path("source"), &path("target")]);
    assert_eq!(
        output.success().await,
        "300000 bytes sent, 300000 bytes received; complete, verified: true\n"
    );
    assert!(std::fs::read(path("target")).unwrap() == data);
}

#[tokio::test]
async fn framed_prints_what_it_promises() {
    let output = Program::example("framed", &[]).success().await;
    assert_eq!(lines(&output), promised("framed"));
}

/// One example for each kind of stage.
#[tokio::test]
async fn stages_print_what_they_promise() {
    let programs = [
        ("stage_item", Program::example("stage_item", &[])),
        ("stage_filter", Program::example("stage_filter", &[])),
        ("stage_many", Program::example("stage_many", &[])),
        ("stage_state", Program::example("stage_state", &[])),
        ("stage_params", Program::example("stage_params", &[])),
        (
            "stage_concurrent",
            Program::example("stage_concurrent", &[]),
        ),
        ("stage_stream", Program::example("stage_stream", &[])),
        ("stage_bytes", Program::example("stage_bytes", &[])),
        ("stage_ends", Program::example("stage_ends", &[])),
    ];
    for (name, program) in programs {
        let output = program.success().await;
        assert_eq!(lines(&output), promised(name), "{name}");
    }
}

/// `tests/browser` tests how its runs look.
#[tokio::test]
async fn busy_has_a_run_of_each_kind() {
    let (_engine, url) = Program::engine().await;
    let mut busy = Program::example("busy", &[&url]);
    let promised = promised("busy");
    assert_eq!(promised.len(), 3);
    for line in promised {
        assert_eq!(busy.line().await, line);
    }
}

#[tokio::test]
async fn typed_measures_each_format() {
    let output = Program::example("typed", &["1000"]).success().await;
    let lines = lines(&output);
    assert_eq!(lines[0], "1000 items");
    let bytes = |format: &str| -> f64 {
        let line = lines.iter().find(|line| line.starts_with(format)).unwrap();
        assert!(line.ends_with("  complete, verified"), "{output}");
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    assert!(bytes("bincode") < bytes("ndjson"), "{output}");
}

#[tokio::test]
async fn three_programs_find_each_other() {
    let house = House::new().await;
    let url = house.engine.url().to_owned();
    let namespace = house.engine.namespace();
    let mut transform = Program::example_in(namespace, "transform", &[&url]);
    let mut consumer = Program::example_in(namespace, "consumer", &[&url]);
    assert_eq!(
        transform.line().await,
        format!("transform is ready at {url}")
    );
    assert_eq!(consumer.line().await, format!("consumer is ready at {url}"));
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("a"), "one\ntwo\n").unwrap();
    std::fs::write(path("b"), "three\n").unwrap();
    let producer = Program::example_in(namespace, "producer", &[&url, &path("a"), &path("b")]);
    let report = producer.success().await;
    let last = report.lines().last().unwrap();
    assert!(last.contains(", complete, verified"), "{report}");
    let mut printed = Vec::new();
    for _ in 0..5 {
        printed.push(consumer.line().await);
    }
    let (a, b) = (format!("== {}", path("a")), format!("== {}", path("b")));
    assert_eq!(printed, [&a, "ONE", "TWO", &b, "THREE"]);

    // A failing producer makes the others fail, too, but their workers continue to serve.
    let failing = Program::example_in(namespace, "producer", &[&url, "no/such/file"]);
    let output = failing.output().await;
    assert!(!output.status.success());
    assert!(output.stderr.contains("No such file"), "{output:?}");
    house.engine.settled(|stats| stats.calls == 0).await;
    let producer = Program::example_in(namespace, "producer", &[&url, &path("b")]);
    let report = producer.success().await;
    let lines_consumed = |report: &str| {
        let line = report
            .lines()
            .find(|line| line.starts_with("demo::consume "));
        line.unwrap().split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(lines_consumed(&report), "1", "{report}");
}

/// With its stages it needs Python and Node: see `examples/polyglot/run`.
#[tokio::test]
async fn polyglot_tells_what_it_needs() {
    let output = Program::example("polyglot", &[]).output().await;
    assert!(!output.status.success());
    assert!(
        output.stderr.contains("hint: start examples/polyglot/run"),
        "{output:?}"
    );
}

#[tokio::test]
async fn log_analysis_reads_every_member_of_a_packed_log() {
    let files = [data("access.log.1.gz"), data("access.log")];
    let files = files.each_ref().map(String::as_str);
    let output = Program::example("log_analysis", &files).output().await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(lines(&output.stdout), promised("log_analysis"));
    assert_eq!(output.stderr, "not a request: -- MARK --\n");
    let requests = lines(&output.stdout).into_iter().skip(1);
    let requests: u32 = requests
        .map(|line| {
            line.split_whitespace()
                .next()
                .unwrap()
                .parse::<u32>()
                .unwrap()
        })
        .sum();
    // 400 in two members, 150 in the plain file.
    assert_eq!(requests, 550);
}

#[tokio::test]
async fn log_analysis_of_a_damaged_file_is_no_short_table() {
    let directory = tempfile::tempdir().unwrap();
    let cut = in_directory(&directory, "cut.gz");
    let whole = std::fs::read(data("access.log.1.gz")).unwrap();
    std::fs::write(&cut, &whole[..whole.len() - 20]).unwrap();
    let output = Program::example("log_analysis", &[&cut]).output().await;
    assert!(!output.status.success());
    assert!(output.stderr.contains("stage log::lines"), "{output:?}");
    assert_eq!(lines(&output.stdout).len(), 1, "{output:?}");
}

#[tokio::test]
async fn tee_writes_a_copy_and_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let copy = in_directory(&directory, "copy.csv");
    let source = std::fs::read_to_string(data("orders.csv")).unwrap();
    let output = Program::example("tee", &[&data("orders.csv"), &copy])
        .success()
        .await;
    assert_eq!(output, source.to_ascii_uppercase());
    let first: Vec<_> = lines(&output).into_iter().take(2).collect();
    assert_eq!(first, promised("tee"));
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), source);

    let nowhere = in_directory(&directory, "no/such/place");
    let output = Program::example("tee", &[&data("orders.csv"), &nowhere])
        .output()
        .await;
    assert!(!output.status.success());
    let expected = format!("stage bytes::tee: {nowhere}.part: No such file");
    assert!(output.stderr.contains(&expected), "{output:?}");
}

/// With its model it needs Python: see `examples/scoring/run`.
#[tokio::test]
async fn scoring_tells_what_it_needs() {
    let output = Program::example("scoring", &[]).output().await;
    assert!(!output.status.success());
    assert!(
        output.stderr.contains("hint: start examples/scoring/run"),
        "{output:?}"
    );
}

/// Every example is tested here.
#[test]
fn every_example_is_run_by_a_test() {
    let tests = [
        include_str!("../../../examples/everyday/tests/it.rs"),
        include_str!("examples.rs"),
        include_str!("producer.rs"),
        include_str!("../faults/matrix.rs"),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = ["examples", "examples/everyday/examples"]
        .into_iter()
        .flat_map(|directory| std::fs::read_dir(root.join(directory)).unwrap());
    for entry in entries {
        let path = entry.unwrap().path();
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        if !is_source && !path.join("main.rs").exists() {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let calls = [
            format!("Program::example(\"{name}\""),
            format!("Program::example_in(namespace, \"{name}\""),
        ];
        assert!(
            calls
                .iter()
                .any(|call| tests.iter().any(|test| test.contains(call))),
            "{name} is not run"
        );
    }
}
