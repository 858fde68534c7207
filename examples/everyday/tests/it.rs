//! The everyday examples print what they promise, and leave no partial results behind.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

#[allow(dead_code, reason = "a part of what the tests of the library need")]
#[path = "../../../tests/it/programs/program.rs"]
mod program;
#[path = "../../../tests/it/programs/promised.rs"]
mod promised;
#[allow(dead_code, reason = "a part of what the tests of the library need")]
#[path = "../../../tests/it/support.rs"]
mod support;
#[path = "../../../tests/it/test_engine.rs"]
mod test_engine;

use std::io::Write;
use std::path::Path;

use async_compression::tokio::bufread::GzipDecoder;
use image::{GenericImageView, ImageFormat, RgbImage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use program::Program;
use promised::{lines, promised};
use support::within;

fn data(name: &str) -> String {
    format!("{}/../data/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn in_directory(directory: &tempfile::TempDir, name: &str) -> String {
    directory.path().join(name).to_str().unwrap().to_owned()
}

#[tokio::test]
async fn csv_becomes_ndjson() {
    let output = Program::example("csv_to_ndjson", &["200", &data("orders.csv")]);
    assert_eq!(lines(&output.success().await), promised("csv_to_ndjson"));
}

#[tokio::test]
async fn unreadable_row_is_reported_with_its_position() {
    let directory = tempfile::tempdir().unwrap();
    let file = in_directory(&directory, "bad.csv");
    std::fs::write(&file, "id,customer,total,note\n1,a,2.5,\n2,b,much,\n").unwrap();
    let output = Program::example("csv_to_ndjson", &["0", &file])
        .output()
        .await;
    assert!(!output.status.success());
    let expected = "stage csv::decode: CSV deserialize error: record 2 (line 3, byte: 32): field 3";
    assert!(output.stderr.contains(expected), "{output:?}");
}

#[tokio::test]
async fn a_thumbnail_keeps_the_proportions() {
    let directory = tempfile::tempdir().unwrap();
    let [picture, small] = ["p.jpeg", "s.png"].map(|name| in_directory(&directory, name));
    let pixels = RgbImage::from_fn(640, 400, |x, y| {
        image::Rgb([x, y, x + y].map(|value| u8::try_from(value % 256).unwrap()))
    });
    pixels
        .save_with_format(&picture, ImageFormat::Jpeg)
        .unwrap();
    let output = Program::example("thumbnails", &[&picture, &small])
        .success()
        .await;
    let written = std::fs::read(&small).unwrap();
    let expected = format!("{small}: {} bytes, at most 160x160 pixels\n", written.len());
    assert_eq!(output, expected);
    assert_eq!(
        image::load_from_memory(&written).unwrap().dimensions(),
        (160, 100)
    );

    let output = Program::example("thumbnails", &[&data("orders.csv"), &small]);
    let output = output.output().await;
    assert!(!output.status.success());
    assert!(
        output.stderr.contains("stage image::thumbnail: "),
        "{output:?}"
    );
    assert_eq!(std::fs::read(&small).unwrap(), written);
}

/// The response of a web server to these bytes.
async fn answer(address: &str, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn an_upload_is_stored_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().to_str().unwrap();
    let mut server = Program::example("http_upload", &["127.0.0.1:0", folder]);
    let line = server.line().await;
    let address = line
        .strip_prefix("listening on http://")
        .unwrap()
        .to_owned();
    let head = |name: &str, more: &str| {
        format!("POST /{name} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n{more}\r\n\r\n")
    };

    // The second chunk has no length.
    let mut broken = head("broken", "transfer-encoding: chunked").into_bytes();
    write!(broken, "3\r\nabc\r\nzz\r\n").unwrap();
    let refused = answer(&address, &broken).await;
    assert!(refused.starts_with("HTTP/1.1 500 "), "{refused}");
    assert!(
        refused.contains("stage source at item 1: error reading a body"),
        "{refused}"
    );
    assert_eq!(names(directory.path()), Vec::<String>::new());

    let content = crate::support::pattern(300_000);
    let mut whole = head("whole", &format!("content-length: {}", content.len())).into_bytes();
    whole.extend_from_slice(&content);
    let stored = answer(&address, &whole).await;
    assert!(stored.starts_with("HTTP/1.1 201 "), "{stored}");
    assert!(
        stored.ends_with("300000 bytes stored as whole.gz\n"),
        "{stored}"
    );
    assert_eq!(names(directory.path()), ["whole.gz"]);
    let file = std::fs::read(directory.path().join("whole.gz")).unwrap();
    let mut unpacked = Vec::new();
    let mut decoder = GzipDecoder::new(file.as_slice());
    decoder.read_to_end(&mut unpacked).await.unwrap();
    assert!(unpacked == content);

    let outside = answer(&address, head("..%2fx", "content-length: 0").as_bytes()).await;
    assert!(outside.starts_with("HTTP/1.1 400 "), "{outside}");
}
