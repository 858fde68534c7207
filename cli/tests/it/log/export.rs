//! Spans of two programs, as a collector receives them by OTLP over HTTP.

use std::io::Write;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use pipewright::{Engine, Invocation, Result, StageRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::support::{TestEngine, within};

/// Head and body of each request.
type Taken = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Accepts and stores all requests.
struct Collector {
    url: String,
    taken: Taken,
}

impl Collector {
    async fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let taken = Taken::default();
        let keep = Arc::clone(&taken);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, Arc::clone(&keep)));
            }
        });
        Self { url, taken }
    }
}

async fn take(mut stream: TcpStream, keep: Taken) {
    let mut received = Vec::new();
    loop {
        let at = loop {
            if let Some(at) = received.windows(4).position(|end| end == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut received).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let head = String::from_utf8(received.drain(..at).collect()).unwrap();
        let len = head.to_ascii_lowercase();
        let len = len
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let len: usize = len.unwrap().parse().unwrap();
        while received.len() < len {
            stream.read_buf(&mut received).await.unwrap();
        }
        let body = received.drain(..len).collect();
        keep.lock().unwrap().push((head, body));
        let answer =
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
    }
}

/// A stage that does not use pipewright.
async fn copy(request: StageRequest, invocation: Invocation) -> Result<()> {
    let worker = invocation.worker();
    let mut reader = worker.reader(&request.reader_ref.unwrap());
    let mut writer = worker.writer(&request.writer_ref.unwrap());
    tokio::io::copy(&mut reader, &mut writer).await?;
    writer.close().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_exports_the_spans_of_its_run() {
    let collector = Collector::listen().await;
    let why = "a test of the program's own export";
    let Some(engine) = TestEngine::ours(Engine::builder(), why).await else {
        return;
    };
    let worker = pipewright::Worker::connect(engine.url()).await.unwrap();
    let (seen, traceparent) = tokio::sync::oneshot::channel();
    let seen = Arc::new(Mutex::new(Some(seen)));
    let stage = move |request: StageRequest, invocation: Invocation| {
        let seen = seen.lock().unwrap().take().unwrap();
        seen.send(invocation.traceparent().unwrap().to_owned())
            .unwrap();
        copy(request, invocation)
    };
    worker.register_function("otlp::copy", stage).unwrap();
    worker.registered().await.unwrap();
    let mut input = tempfile::NamedTempFile::new().unwrap();
    input.write_all(b"exported").unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_pipewright"))
        .args(["run", "--url", engine.url(), "otlp::copy", "--input"])
        .arg(input.path())
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
        .env("OTEL_SERVICE_NAME", "the-run")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ran = within(ran).await.unwrap();
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(ran.stdout, b"exported");
    let taken = std::mem::take(&mut *collector.taken.lock().unwrap());
    assert!(!taken.is_empty());
    let mut all = Vec::new();
    for (head, body) in &taken {
        assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
        all.extend_from_slice(body);
    }
    // Strings appear unchanged in the protobuf.
    let says = |text: &str| all.windows(text.len()).any(|part| part == text.as_bytes());
    for text in [
        "the-run",
        "pipeline.run",
        "stage",
        "otlp::copy",
        "channel.write",
    ] {
        assert!(says(text), "{text}");
    }
    assert!(!says("access_key"));
    // The stage received the same trace that was exported.
    let traceparent = traceparent.await.unwrap();
    let trace_id = u128::from_str_radix(&traceparent[3..35], 16).unwrap();
    let trace_id = trace_id.to_be_bytes();
    assert!(
        all.windows(16).any(|part| part == trace_id),
        "{traceparent}"
    );
}
