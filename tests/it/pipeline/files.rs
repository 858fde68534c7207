//! Lines of files, and files that appear when they are complete: fused and over channels.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream;
use pipewright::files::{AtomicFile, FileLines, FollowFile, LongLines};
use pipewright::format::Lines;
use pipewright::{Error, Pipeline, Worker};
use tempfile::{TempDir, tempdir};
use tokio::io::AsyncWriteExt;

use super::ran::{Ran, both_ways};
use crate::support::within;

fn gz(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn file(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn files_of_a_pattern_are_read_in_order_and_decompressed() {
    let folder = tempdir().unwrap();
    file(&folder, "a.txt", "one\r\ntwo");
    // Two members, cut in the middle of a line.
    file(&folder, "b.txt.gz", [gz("three\nfo"), gz("ur\n")].concat());
    let frames = [
        zstd::encode_all(&b"fi"[..], 1),
        zstd::encode_all(&b"ve\n\n"[..], 1),
    ];
    let frames: Vec<u8> = frames.into_iter().flat_map(Result::unwrap).collect();
    file(&folder, "c.txt.zst", frames);
    file(&folder, "d.other", "not this");
    let pattern = folder.path().join("*.txt*");
    let make = || {
        let lines = FileLines::glob(pattern.to_str().unwrap()).unwrap();
        assert_eq!(lines.paths().len(), 3);
        Pipeline::read_lines(lines).format::<Lines>()
    };
    let expected = ["one", "two", "three", "four", "five", ""].map(str::to_owned);
    for ran in both_ways(make).await {
        assert_eq!(ran, Ran::complete(expected.clone()));
    }
    let error = FileLines::glob(folder.path().join("*.csv").to_str().unwrap()).unwrap_err();
    assert!(error.to_string().starts_with("no file matches"), "{error}");
}

#[tokio::test]
async fn file_that_is_cut_short_fails_after_its_lines() {
    let folder = tempdir().unwrap();
    let long: Vec<_> = (0..50_000).map(|n| format!("line {n}")).collect();
    let mut bytes = gz(&long.join("\n"));
    bytes.truncate(bytes.len() / 2);
    let path = file(&folder, "cut.gz", bytes);
    for ran in both_ways(|| Pipeline::read_lines(FileLines::new(&path))).await {
        assert!(!ran.items.is_empty() && ran.items.len() < 50_000);
        assert!(
            ran.end.starts_with("stage_failed in source at "),
            "{}",
            ran.end
        );
        assert!(ran.end.contains("cut.gz"), "{}", ran.end);
    }
    let missing = folder.path().join("missing");
    for ran in both_ways(|| Pipeline::read_lines(FileLines::new(&missing))).await {
        assert!(ran.end.contains("missing"), "{}", ran.end);
    }
}

#[tokio::test]
async fn skipped_lines_are_counted_in_both_reports() {
    let folder = tempdir().unwrap();
    let path = file(
        &folder,
        "long",
        format!("short\n{}\nlast\n", "x".repeat(200_000)),
    );
    let make = || {
        let lines = FileLines::new(&path).max_line(100);
        Pipeline::read_lines(lines.long_lines(LongLines::Skip))
    };
    let worker = Worker::embedded().await.unwrap();
    let local = make().run_local().report().await.unwrap();
    let run = make().start(&worker).await.unwrap();
    for report in [local, run.report().await.unwrap()] {
        assert_eq!((report.items, report.skipped()), (2, (1, 0)));
    }
    let fails = || Pipeline::read_lines(FileLines::new(&path).max_line(100));
    for ran in both_ways(fails).await {
        assert_eq!(ran.items, ["short"]);
        assert!(
            ran.end.contains("line 2 is longer than 100 bytes"),
            "{}",
            ran.end
        );
    }
}

#[tokio::test]
async fn followed_file_gives_its_lines_before_it_fails() {
    let folder = tempdir().unwrap();
    let path = file(&folder, "log", "one\ntwo\nmuch too long\n");
    for ran in both_ways(|| Pipeline::read_lines(FollowFile::new(&path).max_line(5))).await {
        assert_eq!(ran.items, ["one", "two"]);
        assert!(ran.end.contains("line 3 is longer"), "{}", ran.end);
    }
}

#[tokio::test]
async fn followed_file_is_read_through_rotation() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("app.log");
    let append = |path: &Path, text: &str| {
        let mut options = fs::OpenOptions::new();
        let mut file = options.append(true).create(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    let follow = FollowFile::new(&path).interval(Duration::from_millis(5));
    let mut run = Pipeline::read_lines(follow).run_local();
    // The file does not exist yet; then it grows in the middle of a line.
    append(&path, "one\ntw");
    assert_eq!(within(run.next()).await.unwrap().unwrap(), "one");
    append(&path, "o\nend of the first");
    assert_eq!(within(run.next()).await.unwrap().unwrap(), "two");
    fs::rename(&path, folder.path().join("app.log.1")).unwrap();
    append(&path, "three\n");
    assert_eq!(
        within(run.next()).await.unwrap().unwrap(),
        "end of the first"
    );
    assert_eq!(within(run.next()).await.unwrap().unwrap(), "three");
    // Rotation by copy and truncation.
    fs::write(&path, "4\n").unwrap();
    assert_eq!(within(run.next()).await.unwrap().unwrap(), "4");
    run.drain();
    assert!(within(run.next()).await.is_none());
    assert_eq!(run.report().await.unwrap().items, 5);
    // From the end, over channels.
    let worker = Worker::embedded().await.unwrap();
    let follow = FollowFile::new(&path)
        .interval(Duration::from_millis(5))
        .from_end();
    let mut run = Pipeline::read_lines(follow).start(&worker).await.unwrap();
    let writing = async {
        loop {
            append(&path, "new\n");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let first = tokio::select! {
        first = within(run.next()) => first,
        () = writing => None,
    };
    assert_eq!(first.unwrap().unwrap(), "new");
    run.drain();
    within(run.report()).await.unwrap();
}

#[tokio::test]
async fn saved_file_appears_only_for_a_complete_run() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("out.txt");
    let worker = Worker::embedded().await.unwrap();
    let pieces = |fails: bool| {
        let pieces = ["one\n", "two\n"].map(|piece| Ok(Bytes::from(piece)));
        let error = fails.then(|| Err(Error::msg("broken")));
        Pipeline::try_source(stream::iter(pieces.into_iter().chain(error)))
            .format::<pipewright::format::Raw>()
    };
    fs::write(&path, "old").unwrap();
    let error = pieces(true).run_local().save(&path).await.unwrap_err();
    assert!(error.to_string().contains("broken"), "{error}");
    let run = pieces(true).start(&worker).await.unwrap();
    run.save(&path).await.unwrap_err();
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(names(folder.path()), ["out.txt"]);
    let report = pieces(false).run_local().save(&path).await.unwrap();
    assert_eq!(report.items, 2);
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    fs::remove_file(&path).unwrap();
    let run = pieces(false).start(&worker).await.unwrap();
    run.save(&path).await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    assert_eq!(names(folder.path()), ["out.txt"]);
}

#[tokio::test]
async fn dropped_atomic_file_leaves_nothing() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("out.txt");
    let mut file = AtomicFile::create(&path).await.unwrap();
    file.write_all(b"half").await.unwrap();
    assert_eq!(names(folder.path()).len(), 1);
    assert!(!file.path().exists());
    drop(file);
    assert!(names(folder.path()).is_empty());
    let absent = folder.path().join("no/such/folder/file");
    assert!(AtomicFile::create(absent).await.is_err());
}
