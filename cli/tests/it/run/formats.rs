//! Text and records at both ends of a run.

use super::{Filter, Stages};

/// Runs a pipeline that must be complete, and returns its output.
async fn ran(stages: &Stages, arguments: &str, input: &str) -> String {
    let ended = Filter::start(&stages.url, arguments).through(input.as_bytes());
    String::from_utf8(ended.await.complete().to_vec()).unwrap()
}

#[tokio::test]
async fn text_goes_through_stages_of_texts() {
    let stages = Stages::new().await;
    let out = ran(&stages, "text::upper", "hello\r\n\nsaid \"x\"").await;
    assert_eq!(out, "HELLO\n\nSAID \"X\"\n");
    let out = ran(&stages, "text::sound", "a\nb").await;
    assert_eq!(out, "a\nb\n");
    // Records go in, and text comes out.
    let out = ran(&stages, "json::numbers", "{\"n\":1}\n{\"n\":2}\n").await;
    assert_eq!(out, "1\n2\n");
}

#[tokio::test]
async fn each_format_is_converted_at_the_edges() {
    let stages = Stages::new().await;
    let records = "{\"k\":\"a\"}\n{\"k\":\"b\"}\n";
    for (arguments, input, expected) in [
        ("--from ndjson", records, "[\"a\",1]\n[\"b\",1]\n"),
        ("--from csv --to csv", "k\na\n\"b,c\"\n", "a,1\n\"b,c\",1\n"),
        ("--from tsv --to tsv", "k\na\nb\n", "a\t1\nb\t1\n"),
        (
            "--from json --to json",
            "[{\"k\": \"a\"},\n {\"k\": \"a\"}]",
            "[\n[\"a\",1],\n[\"a\",2]\n]\n",
        ),
    ] {
        let arguments = format!("json::ranks {arguments}");
        assert_eq!(
            ran(&stages, &arguments, input).await,
            expected,
            "{arguments}"
        );
    }
    let run = Filter::start(&stages.url, "json::ranks --from msgpack --to msgpack");
    let ended = run.through(b"\x81\xa1k\xa1a").await;
    assert_eq!(ended.complete(), b"\x92\xa1a\x01");
    // Text may be written as JSON if requested.
    let out = ran(&stages, "text::upper --from ndjson --to ndjson", "\"a\"\n").await;
    assert_eq!(out, "\"A\"\n");
}

#[tokio::test]
async fn input_error_names_its_line_and_the_flag() {
    let stages = Stages::new().await;
    for (arguments, input, expected) in [
        (
            "json::ranks",
            &b"{\"k\":\"a\"}\nabc\n"[..],
            "line 2 is not JSON",
        ),
        ("json::ranks", b"abc\n", "`--from lines`"),
        (
            "text::upper",
            b"a\n\xff\n",
            "line 2 is not UTF-8 text, at byte 1",
        ),
        ("json::ranks --from csv", b"k,l\n1\n", "1 fields"),
    ] {
        let ended = Filter::start(&stages.url, arguments).through(input).await;
        let said = ended.failed(4);
        assert!(said.contains(expected), "{arguments}: {said}");
    }
}

#[tokio::test]
async fn a_format_that_a_stage_cannot_take_is_refused() {
    let stages = Stages::new().await;
    for arguments in ["bytes::copy --from csv", "bytes::copy --to json"] {
        let ended = Filter::start(&stages.url, arguments).through(b"").await;
        let said = ended.failed(2);
        assert!(said.contains("needs items, and `bytes::copy`"), "{said}");
    }
}

#[tokio::test]
async fn item_above_the_limit_names_position_and_flag() {
    let stages = Stages::new().await;
    for (format, input, place) in [
        ("lines", &b"1234567\n123456789\n"[..], "line 2"),
        ("ndjson", b"1\n\n1234567890\n", "line 3"),
        ("json", b"[1,\n \"123456789\"]", "the JSON value at line 2"),
        ("csv", b"k\n1\n1234567890\n", "record 2"),
        ("msgpack", b"\x01\xa91234567890", "item 2"),
    ] {
        let arguments = format!("json::ranks --from {format} --max-item-bytes 8");
        let ended = Filter::start(&stages.url, &arguments).through(input).await;
        let said = ended.failed(4);
        let expected = format!("{place} is larger than 8 bytes; `--max-item-bytes` raises");
        assert!(said.contains(&expected), "{format}: {said}");
    }
    let ended = Filter::start(&stages.url, "json::ranks --max-item-bytes 0");
    ended.through(b"").await.failed(2);
}

#[cfg(unix)]
#[tokio::test]
async fn the_limit_of_an_item_can_be_raised() {
    let stages = Stages::new().await;
    let line = [vec![b'x'; 65 << 20], vec![b'\n']].concat();
    let arguments = "cmd:cat --from lines";
    let ended = Filter::start(&stages.url, arguments).through(&line).await;
    let said = ended.failed(4);
    assert!(said.contains("line 1 is larger than"), "{said}");
    let arguments = format!("{arguments} --max-item-bytes 66MiB");
    let ended = Filter::start(&stages.url, &arguments).through(&line).await;
    assert!(ended.complete() == line);
}
