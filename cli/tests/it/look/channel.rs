//! `channel create`, `channel read` and `channel write` in shell pipelines.

use std::process::Stdio;

use pipewright::{Abort, ChannelReader, ChannelWriter, Receiver, StreamChannelRef};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::{Ran, look, pipewright, run, shell};
use crate::support::{House, assert_same, pattern, within};

/// A directory with the refs of a new channel in the file `refs`.
pub(super) struct Place {
    pub(super) house: House,
    url: String,
    directory: TempDir,
    writer: String,
    pub(super) reader: String,
}

impl Place {
    pub(super) async fn new() -> Self {
        let house = House::new().await;
        let ran = look(&house.engine, &["channel", "create", "--buffer", "4"])
            .await
            .succeeded();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("refs"), &ran.stdout).unwrap();
        let (writer, reader) = ran.text().trim_end().split_once('\n').unwrap();
        let (writer, reader) = (writer.to_owned(), reader.to_owned());
        let url = house.engine.url().to_owned();
        Self {
            house,
            url,
            directory,
            writer,
            reader,
        }
    }

    async fn sh(&self, script: &str) -> Ran {
        run(shell(&self.url, self.directory.path(), script), b"").await
    }

    pub(super) async fn read(&self) -> Ran {
        let read = pipewright(&self.url, &["channel", "read", &self.reader]);
        run(read, b"").await
    }

    pub(super) fn writer(&self) -> ChannelWriter {
        ChannelWriter::new(self.house.address(), &parsed(&self.writer))
    }

    pub(super) fn reader(&self) -> ChannelReader {
        ChannelReader::new(self.house.address(), &parsed(&self.reader))
    }

    fn start(&self, arguments: &[&str]) -> Child {
        started(pipewright(&self.url, arguments))
    }
}

pub(super) fn parsed(channel_ref: &str) -> StreamChannelRef {
    serde_json::from_str(channel_ref).unwrap()
}

fn started(mut command: Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn signal(child: &Child, name: &str) {
    let id = child.id().unwrap().to_string();
    let kill = Command::new("kill").args(["-s", name, &id]).status();
    assert!(kill.await.unwrap().success());
}

#[tokio::test]
async fn bytes_go_through_a_channel_of_a_shell() {
    let place = Place::new().await;
    assert_eq!(parsed(&place.writer).direction.to_string(), "write");
    assert_eq!(parsed(&place.reader).direction.to_string(), "read");
    let data = pattern(3_000_000);
    std::fs::write(place.directory.path().join("original"), &data).unwrap();
    let script = "pipewright channel read @refs > copy & reader=$!
                  pipewright channel write @refs < original || exit 90
                  wait $reader";
    let ran = place.sh(script).await.succeeded();
    assert_eq!((ran.text(), ran.stderr.as_str()), ("", ""));
    let copy = std::fs::read(place.directory.path().join("copy")).unwrap();
    assert_same(&copy, &data, "copy");
    place
        .house
        .engine
        .settled(|stats| stats.channels == 0)
        .await;
}

#[tokio::test]
async fn refs_come_from_arguments_files_and_standard_input() {
    let place = Place::new().await;
    let script = "(head -n 1 refs; printf 'some data') | pipewright channel write - &
                  tail -n 1 refs | pipewright channel read -; status=$?
                  wait; exit $status";
    assert_eq!(place.sh(script).await.succeeded().text(), "some data");

    for (arguments, error) in [
        (["channel", "read", "{}"], "there is no channel ref in it"),
        (
            ["channel", "read", &place.writer],
            "only one of the channel's other end",
        ),
        (
            ["channel", "write", &place.reader],
            "only one of the channel's other end",
        ),
        (
            ["channel", "read", "nonsense s3cret"],
            "not the JSON of a ref: line 1",
        ),
        (
            ["channel", "read", "@no/such/file"],
            "cannot read the file no/such/file",
        ),
    ] {
        let ran = look(&place.house.engine, &arguments).await;
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(error), "{ran:?}");
        assert!(!ran.stderr.contains("s3cret"), "{ran:?}");
    }
}

#[tokio::test]
async fn messages_go_to_standard_error() {
    for (form, expected) in [
        ("text", "first\nsecond\u{fffd}\n"),
        (
            "json",
            "{\"at_byte\":0,\"message\":\"first\"}\n{\"at_byte\":4,\"message\":\"second\\u0007\"}\n",
        ),
        ("off", ""),
    ] {
        let place = Place::new().await;
        let mut writer = place.writer();
        writer.send_message("first").await.unwrap();
        writer.write("data").await.unwrap();
        writer.send_message("second\u{7}").await.unwrap();
        let arguments = ["channel", "read", &place.reader, "--messages", form];
        let (ran, closed) = tokio::join!(look(&place.house.engine, &arguments), writer.close());
        closed.unwrap();
        let ran = ran.succeeded();
        assert_eq!((ran.text(), ran.stderr.as_str()), ("data", expected));
    }
}

#[tokio::test]
async fn the_verdict_is_the_status() {
    let place = Place::new().await;
    let mut writer = place.writer().plain();
    writer.write("plain").await.unwrap();
    let (ran, closed) = tokio::join!(place.read(), writer.close());
    closed.unwrap();
    let ran = ran.succeeded();
    assert_eq!(ran.text(), "plain");
    assert!(ran.stderr.starts_with("note: "), "{ran:?}");

    let place = Place::new().await;
    let mut writer = place.writer();
    writer.write("a part").await.unwrap();
    writer.flush().await.unwrap();
    let abort = Abort::new("bad_input", "not a number")
        .at_stage("parse")
        .at_item(7);
    let (ran, aborted) = tokio::join!(place.read(), writer.abort(abort));
    aborted.unwrap();
    assert_eq!(ran.text(), "a part");
    ran.failed(
        4,
        "stage parse at item 7: not a number",
        "the log of its writer",
    );
}

#[tokio::test]
async fn a_writer_that_is_killed_leaves_a_truncated_stream() {
    let place = Place::new().await;
    let mut writing = place.start(&["channel", "write", "@refs"]);
    // Not there: the ref is given as an argument.
    assert_eq!(within(writing.wait()).await.unwrap().code(), Some(2));

    let mut writing = place.start(&["channel", "write", &place.writer]);
    let mut reading = place.start(&["channel", "read", &place.reader]);
    writing
        .stdin
        .as_mut()
        .unwrap()
        .write_all(b"a part")
        .await
        .unwrap();
    let mut part = [0; 6];
    let stdout = reading.stdout.as_mut().unwrap();
    within(stdout.read_exact(&mut part)).await.unwrap();
    assert_eq!(&part, b"a part");
    writing.kill().await.unwrap();
    let output = within(reading.wait_with_output()).await.unwrap();
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("cut short after 6 bytes"), "{told}");
}

#[tokio::test]
async fn an_interrupted_writer_aborts() {
    let place = Place::new().await;
    let mut writing = place.start(&["channel", "write", &place.writer]);
    let mut reading = place.start(&["channel", "read", &place.reader]);
    // Kept open, because its end would end the stream.
    let mut stdin = writing.stdin.take().unwrap();
    stdin.write_all(b"a part").await.unwrap();
    let mut part = [0; 6];
    let stdout = reading.stdout.as_mut().unwrap();
    within(stdout.read_exact(&mut part)).await.unwrap();
    signal(&writing, "INT").await;
    let (written, read) =
        within(async { tokio::join!(writing.wait_with_output(), reading.wait_with_output()) })
            .await;
    let (written, read) = (written.unwrap(), read.unwrap());
    assert_eq!(written.status.code(), Some(130), "{written:?}");
    assert_eq!(read.status.code(), Some(4), "{read:?}");
    let told = String::from_utf8(read.stderr).unwrap();
    assert!(
        told.contains("interrupted; the stream was aborted"),
        "{told}"
    );
}

#[tokio::test]
async fn an_interrupted_reader_cancels() {
    let place = Place::new().await;
    let mut reading = place.start(&["channel", "read", &place.reader]);
    let mut writer = place.writer();
    writer.write("a part").await.unwrap();
    writer.flush().await.unwrap();
    let mut part = [0; 6];
    let stdout = reading.stdout.as_mut().unwrap();
    within(stdout.read_exact(&mut part)).await.unwrap();
    signal(&reading, "INT").await;
    let output = within(reading.wait_with_output()).await.unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    if place.house.engine.is_pipewright() {
        assert!(within(writer.gone()).await.is_reader_gone());
    } else {
        // An iii engine never notifies an idle writer.
        while within(writer.write("more")).await.is_ok() {}
    }
}

#[tokio::test]
async fn who_closes_early_ends_the_stream_without_noise() {
    let place = Place::new().await;
    let script = "{ yes | pipewright channel write @refs; echo $? > writer; } 2> told &
                  { pipewright channel read @refs; echo $? > reader; } | head -n 3
                  wait";
    let ran = place.sh(script).await.succeeded();
    assert_eq!(ran.text(), "y\ny\ny\n");
    assert_eq!(ran.stderr, "");
    let left = |name: &str| std::fs::read_to_string(place.directory.path().join(name)).unwrap();
    assert_eq!(left("reader"), "141\n");
    // An iii engine drops the writer without a reason.
    if place.house.engine.is_pipewright() {
        assert_eq!(left("writer"), "1\n");
        let told = left("told");
        assert!(
            told.contains("the reader of the channel went away"),
            "{told}"
        );
    } else {
        assert_ne!(left("writer"), "0\n");
    }
    place
        .house
        .engine
        .settled(|stats| stats.channels == 0)
        .await;
}

#[tokio::test]
async fn items_are_checked_counted_and_named() {
    let place = Place::new().await;
    let input = b"{\"n\": 1}\n\n[2,  3]\r\n\"x\"";
    let arguments = ["channel", "write", &place.writer, "--format", "ndjson"];
    let mut receiver = Receiver::<Value>::new(place.reader());
    let (ran, header) = tokio::join!(
        run(pipewright(&place.url, &arguments), input),
        within(receiver.header())
    );
    ran.succeeded();
    assert_eq!(header.unwrap().unwrap().format, "ndjson");
    let mut items = Vec::new();
    while let Some(item) = receiver.recv().await.unwrap() {
        items.push(item);
    }
    assert_eq!(items, [json!({"n": 1}), json!([2, 3]), json!("x")]);
    assert!(receiver.report().verdict.unwrap().is_verified());

    let place = Place::new().await;
    let arguments = ["channel", "write", &place.writer, "--format", "ndjson"];
    let written = run(pipewright(&place.url, &arguments), b"1\n2\nthree\n");
    let (written, read) = tokio::join!(written, place.read());
    written.failed(1, "line 3 of standard input: expected", "--format bytes");
    assert_eq!((read.code, read.text()), (Some(4), "1\n2\n"));
    assert!(read.stderr.contains("line 3 of standard input"), "{read:?}");
}

#[tokio::test]
async fn a_line_above_the_limit_is_refused_with_its_number() {
    let place = Place::new().await;
    let script = "pipewright channel read @refs & reader=$!
                  printf '12345678\\r\\n123456789\\n' |
                  pipewright channel write @refs --format lines --max-item-bytes 8; status=$?
                  wait $reader; exit $status";
    let ran = place.sh(script).await;
    assert_eq!((ran.code, ran.text()), (Some(1), "12345678\n"));
    let expected = "line 2 of standard input is larger than 8 bytes; `--max-item-bytes` raises";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
}

#[tokio::test]
async fn lines_and_plain_streams() {
    let place = Place::new().await;
    let arguments = ["channel", "write", &place.writer, "--format", "lines"];
    let mut reader = place.reader();
    let (ran, header) = tokio::join!(
        run(pipewright(&place.url, &arguments), b"one\r\ntwo"),
        within(async { reader.header().await.map(Option::<&_>::cloned) })
    );
    ran.succeeded();
    assert_eq!(header.unwrap().unwrap().format, "lines");
    assert_eq!(reader.read_all().await.unwrap(), "one\ntwo\n");

    let place = Place::new().await;
    let arguments = ["channel", "write", &place.writer, "--plain"];
    let mut reader = place.reader();
    let (ran, data) = tokio::join!(
        run(pipewright(&place.url, &arguments), b"as it is"),
        reader.read_all()
    );
    ran.succeeded();
    assert_eq!(data.unwrap(), "as it is");
    assert!(reader.header().await.unwrap().is_none());
}

/// Peak memory of a process, in KiB.
#[cfg(target_os = "linux")]
fn peak(child: &Child) -> u64 {
    let path = format!("/proc/{}/status", child.id().unwrap());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let words = line.unwrap().split_whitespace().next();
    words.unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_long_stream_takes_little_memory_at_either_end() {
    const LEN: usize = 256 << 20;
    const MOST: u64 = 64 << 10;
    let place = Place::new().await;
    let mut writing = place.start(&["channel", "write", &place.writer]);
    let mut reading = place.start(&["channel", "read", &place.reader]);
    let mut stdin = writing.stdin.take().unwrap();
    let mut stdout = reading.stdout.take().unwrap();
    let piece = pattern(1 << 20);
    let (ready, mut read) = (&piece, 0);
    let feed = async {
        for _ in 0..LEN / ready.len() {
            stdin.write_all(ready).await.unwrap();
        }
    };
    let drain = async {
        let mut buffer = vec![0; 1 << 20];
        while read < LEN {
            read += stdout.read(&mut buffer).await.unwrap();
        }
    };
    within(async { tokio::join!(feed, drain) }).await;
    // Both wait for more input.
    let (writer, reader) = (peak(&writing), peak(&reading));
    assert!(writer < MOST && reader < MOST, "{writer} KiB, {reader} KiB");
    drop(stdin);
    assert!(within(writing.wait()).await.unwrap().success());
    assert!(within(reading.wait()).await.unwrap().success());
    assert_eq!(read, LEN);
}
