//! The engine's metrics, read from its page while something runs.

use pipewright::{Engine, Worker};
use tokio::time::timeout;

use super::exposition::Exposition;
use crate::engine::pages::Browser;
use crate::engine::{FAILED, engine, settled, url};

pub(super) async fn scrape(engine: &Engine) -> Exposition {
    let answer = Browser::connect(engine).await.get("/metrics").await;
    assert_eq!(answer.status, 200);
    let kind = "content-type: text/plain; version=0.0.4; charset=utf-8\r\n";
    assert!(answer.head.contains(kind), "{}", answer.head);
    Exposition::parse(&answer.body)
}

/// Polls the metrics until they are as expected.
async fn scraped(engine: &Engine, wanted: impl Fn(&Exposition) -> bool) -> Exposition {
    let scraped = async {
        loop {
            let metrics = scrape(engine).await;
            if wanted(&metrics) {
                return metrics;
            }
        }
    };
    timeout(FAILED, scraped).await.expect("never came so far")
}

const BYTES: &str = "pipewright_engine_forwarded_bytes_total";

#[tokio::test]
async fn bytes_are_counted_during_and_after_the_stream() {
    const LEN: usize = 100_000;
    let engine = engine().await;
    let worker = Worker::connect(&*url(&engine)).await.unwrap();
    let channel = worker.create_channel(None).await.unwrap();
    let (mut writer, mut reader) = (channel.writer.plain(), channel.reader);
    writer.write(vec![7; LEN]).await.unwrap();
    writer.flush().await.unwrap();
    let mut received = 0;
    while received < LEN {
        received += reader.next_bytes().await.unwrap().unwrap().len();
    }
    let open = scrape(&engine).await;
    assert_eq!(open.value(BYTES), 100_000.0);
    assert_eq!(open.value("pipewright_engine_forwarded_frames_total"), 2.0);
    assert_eq!(open.value("pipewright_engine_channels_open"), 1.0);
    assert_eq!(open.value("pipewright_engine_channels_created_total"), 1.0);
    // A control connection, two channel ends, and the connection of the request.
    assert_eq!(open.value("pipewright_engine_connections_open"), 4.0);
    writer.close().await.unwrap();
    assert_eq!(reader.next_bytes().await.unwrap(), None);
    settled(&engine, |stats| stats.channels == 0).await;
    let closed = scrape(&engine).await;
    assert_eq!(closed.value(BYTES), 100_000.0);
    assert_eq!(closed.value("pipewright_engine_channels_open"), 0.0);
    let finished = "pipewright_engine_channels_finished_total{verdict=\"closed\"}";
    assert_eq!(closed.value(finished), 1.0);
    let accepted = "pipewright_engine_connections_accepted_total";
    assert_eq!(closed.value(accepted), 5.0);
}

#[tokio::test]
async fn channels_are_counted_by_how_they_end() {
    let engine = engine().await;
    let worker = Worker::connect(&*url(&engine)).await.unwrap();
    let finished = |verdict: &str| {
        format!("pipewright_engine_channels_finished_total{{verdict=\"{verdict}\"}}")
    };
    // A reader that leaves before the end.
    let channel = worker.create_channel(None).await.unwrap();
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    writer.write("cancelled").await.unwrap();
    writer.flush().await.unwrap();
    reader.next_bytes().await.unwrap();
    reader.close().await;
    drop(writer);
    // A writer that aborts with a close code of its own.
    let channel = worker.create_channel(None).await.unwrap();
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    writer.write("failed").await.unwrap();
    writer.flush().await.unwrap();
    drop(writer);
    reader.read_all().await.unwrap_err();
    let all = scraped(&engine, |metrics| {
        metrics.value("pipewright_engine_channels_open") == 0.0
    });
    let all = all.await;
    assert_eq!(all.value(&finished("cancelled")), 1.0);
    assert_eq!(all.value(&finished("failed")), 1.0);
    for verdict in ["closed", "lost", "expired"] {
        assert_eq!(all.value(&finished(verdict)), 0.0, "{verdict}");
    }
}

#[tokio::test]
async fn a_writer_that_is_held_back_is_counted() {
    let engine = engine().await;
    let worker = Worker::connect(&*url(&engine)).await.unwrap();
    let channel = worker.create_channel(1).await.unwrap();
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    let writing = tokio::spawn(async move {
        for _ in 0..64 {
            writer.write(vec![7; 64 << 10]).await.unwrap();
        }
        writer.close().await.unwrap();
    });
    reader.connect().await.unwrap();
    scraped(&engine, |metrics| {
        metrics.value("pipewright_engine_buffered_bytes") > 0.0
    })
    .await;
    let all = reader.read_all().await.unwrap();
    assert_eq!(all.len(), 64 * (64 << 10));
    writing.await.unwrap();
    let metrics = scrape(&engine).await;
    assert!(metrics.value("pipewright_engine_writer_wait_seconds_count") >= 1.0);
    assert!(metrics.value("pipewright_engine_writer_wait_seconds_sum") > 0.0);
}

#[tokio::test]
async fn calls_are_counted_by_outcome_and_duration() {
    let engine = engine().await;
    let worker = Worker::connect(&*url(&engine)).await.unwrap();
    worker
        .register_function("half", async |n: u32| match n % 2 {
            0 => Ok(n / 2),
            _ => Err(pipewright::FunctionError::new("odd", "an odd number")),
        })
        .unwrap();
    worker.registered().await.unwrap();
    for n in 0..5 {
        let _ = worker.call::<u32>("half", &n).await;
    }
    worker.trigger("half", &2).void().await.unwrap();
    worker.call::<u32>("missing", &0).await.unwrap_err();
    let metrics = scrape(&engine).await;
    let calls = |outcome: &str| {
        metrics.value(&format!(
            "pipewright_engine_calls_total{{outcome=\"{outcome}\"}}"
        ))
    };
    let counted = ["result", "error", "stopped", "void"].map(calls);
    assert_eq!(counted, [3.0, 2.0, 0.0, 1.0]);
    let seconds = "pipewright_engine_call_duration_seconds";
    assert_eq!(metrics.value(&format!("{seconds}_count")), 5.0);
    assert_eq!(metrics.value("pipewright_engine_calls_open"), 0.0);
    assert_eq!(metrics.value("pipewright_engine_workers"), 1.0);
    assert_eq!(metrics.value("pipewright_engine_functions"), 1.0);
    let missing = "pipewright_engine_refusals_total{reason=\"function_not_found\"}";
    assert_eq!(metrics.value(missing), 1.0);
}

#[tokio::test]
async fn refusals_are_counted_by_reason() {
    let builder = Engine::builder().listen("127.0.0.1:0").max_channels(1);
    let engine = builder.start().await.unwrap();
    let worker = Worker::connect(&*url(&engine)).await.unwrap();
    let channel = worker.create_channel(None).await.unwrap();
    worker.create_channel(None).await.unwrap_err();
    let mut forged = channel.reader_ref.clone();
    forged.access_key = channel.writer_ref.access_key.clone();
    worker.reader(&forged).connect().await.unwrap_err();
    let mut reader = worker.reader(&channel.reader_ref);
    reader.connect().await.unwrap();
    worker
        .reader(&channel.reader_ref)
        .connect()
        .await
        .unwrap_err();
    let mut browser = Browser::connect(&engine).await;
    let elsewhere = "Origin: https://evil.example\r\n";
    assert_eq!(browser.ask("GET", "/metrics", elsewhere).await.status, 403);
    assert_eq!(browser.get("/nothing").await.status, 404);
    let metrics = scrape(&engine).await;
    for reason in [
        "channels",
        "channel_not_found",
        "channel_taken",
        "origin",
        "request",
    ] {
        let sample = format!("pipewright_engine_refusals_total{{reason=\"{reason}\"}}");
        assert_eq!(metrics.value(&sample), 1.0, "{reason}");
    }
    let token = "pipewright_engine_refusals_total{reason=\"token\"}";
    assert_eq!(metrics.value(token), 0.0);
}

#[tokio::test]
async fn a_connection_beyond_the_limit_is_counted() {
    let builder = Engine::builder().listen("127.0.0.1:0").max_connections(1);
    let engine = builder.start().await.unwrap();
    let mut first = Browser::connect(&engine).await;
    assert_eq!(first.get("/healthz").await.status, 200);
    Worker::connect(&*url(&engine)).await.unwrap_err();
    let metrics = Exposition::parse(&first.get("/metrics").await.body);
    let refused = "pipewright_engine_refusals_total{reason=\"connections\"}";
    assert_eq!(metrics.value(refused), 1.0);
    assert_eq!(metrics.value("pipewright_engine_connections_open"), 1.0);
}

#[tokio::test]
async fn a_connection_that_had_to_make_room_is_counted() {
    let builder = Engine::builder().listen("127.0.0.1:0").max_newcomers(1);
    let engine = builder.start().await.unwrap();
    let _silent = Browser::connect(&engine).await;
    let metrics = scrape(&engine).await;
    let refused = "pipewright_engine_refusals_total{reason=\"newcomers\"}";
    assert_eq!(metrics.value(refused), 1.0);
}
