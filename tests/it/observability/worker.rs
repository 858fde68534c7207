//! The metrics of a worker.

use pipewright::{FunctionError, Pipeline, Worker, pipeline_stage, remote};
use tokio::time::timeout;

use super::exposition::Exposition;
use crate::engine::{FAILED, engine, settled, url};

async fn told(worker: &Worker, wanted: impl Fn(&Exposition) -> bool) -> Exposition {
    let told = async {
        loop {
            let metrics = Exposition::parse(&worker.metrics().to_string());
            if wanted(&metrics) {
                return metrics;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(FAILED, told).await.expect("never came so far")
}

#[tokio::test]
async fn calls_are_counted_by_what_they_came_to() {
    let engine = engine().await;
    let worker = Worker::connect(&*url(&engine)).await.unwrap();
    worker
        .register_function("half", async |n: u32| match n {
            0 => panic!("nothing to halve"),
            n if n % 2 == 0 => Ok(n / 2),
            _ => Err(FunctionError::new("odd", "an odd number")),
        })
        .unwrap();
    worker
        .register_function("hang", async |(): ()| std::future::pending::<()>().await)
        .unwrap();
    for n in 0..6 {
        let _ = worker.call::<u32>("half", &n).await;
    }
    worker.trigger("hang", &()).void().await.unwrap();
    let running = "pipewright_worker_calls_running";
    let metrics = told(&worker, |metrics| metrics.value(running) == 1.0).await;
    let calls = |outcome: &str| format!("pipewright_worker_calls_total{{outcome=\"{outcome}\"}}");
    assert_eq!(metrics.value(&calls("result")), 2.0);
    assert_eq!(metrics.value(&calls("error")), 4.0);
    assert_eq!(metrics.value(&calls("stopped")), 0.0);
    let seconds = "pipewright_worker_call_duration_seconds_count";
    assert_eq!(metrics.value(seconds), 6.0);
    let fields = worker.metrics();
    assert_eq!((fields.calls_succeeded, fields.calls_failed), (2, 4));
    assert_eq!((fields.calls_running, fields.call_duration.count), (1, 6));
}

#[tokio::test]
async fn streams_are_counted_while_running_and_by_ending() {
    for over_sockets in [true, false] {
        let engine = engine().await;
        let address = if over_sockets {
            url(&engine).parse().unwrap()
        } else {
            engine.address()
        };
        let worker = Worker::connect(address).await.unwrap();
        let channel = worker.create_channel(None).await.unwrap();
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.write(vec![7; 100_000]).await.unwrap();
        writer.flush().await.unwrap();
        let mut received = 0;
        while received < 100_000 {
            received += reader.next_bytes().await.unwrap().unwrap().len();
        }
        let open = worker.metrics();
        assert_eq!((open.written.bytes, open.read.bytes), (100_000, 100_000));
        assert_eq!((open.written.complete, open.read.complete), (0, 0));
        let (closed, ended) = tokio::join!(writer.close(), reader.next_bytes());
        closed.unwrap();
        assert_eq!(ended.unwrap(), None);
        let closed = worker.metrics();
        assert_eq!((closed.written.complete, closed.read.complete), (1, 1));
        // Ends that are never used, and one that is abandoned.
        let unused = worker.create_channel(None).await.unwrap();
        drop(unused);
        let mut given_up = worker.create_channel(None).await.unwrap().writer;
        given_up.write(vec![7; 10]).await.unwrap();
        given_up.flush().await.unwrap();
        drop(given_up);
        let failed = r#"pipewright_worker_streams_total{direction="write",verdict="failed"}"#;
        let metrics = told(&worker, |metrics| metrics.value(failed) == 1.0).await;
        let bytes = |direction: &str| {
            format!("pipewright_worker_stream_bytes_total{{direction=\"{direction}\"}}")
        };
        assert_eq!(metrics.value(&bytes("write")), 100_010.0);
        assert_eq!(metrics.value(&bytes("read")), 100_000.0);
        assert_eq!(worker.metrics().read.failed, 0);
    }
}

#[tokio::test]
async fn items_of_a_run_are_counted_at_both_ends() {
    let engine = engine().await;
    let worker = Worker::connect(&*url(&engine)).await.unwrap();
    let run = Pipeline::from_iter(0..1000_u32)
        .start(&worker)
        .await
        .unwrap();
    let items: Vec<u32> = run.collect().await.unwrap();
    assert_eq!(items.len(), 1000);
    let metrics = worker.metrics();
    assert_eq!((metrics.written.items, metrics.read.items), (1000, 1000));
    assert_eq!(metrics.reconnects, 0);
}

#[pipeline_stage(id = "counted::increment")]
async fn increment(n: u32) -> u32 {
    n + 1
}

#[tokio::test]
async fn nothing_but_the_streams_of_a_run_is_counted() {
    let engine = engine().await;
    let worker = Worker::connect(&*url(&engine)).await.unwrap();
    let there = Worker::connect(&*url(&engine)).await.unwrap();
    there.register(increment).unwrap();
    there.registered().await.unwrap();
    let pipeline = Pipeline::from_iter(0..10_u32).then(remote::<u32, u32>("counted::increment"));
    let run = pipeline.start(&worker).await.unwrap();
    assert_eq!(run.collect::<Vec<_>>().await.unwrap().len(), 10);
    // The channel that controls the stage is released after its end.
    settled(&engine, |stats| stats.channels == 0).await;
    for metrics in [worker.metrics(), there.metrics()] {
        assert_eq!((metrics.written.complete, metrics.read.complete), (1, 1));
        assert_eq!((metrics.written.failed, metrics.read.failed), (0, 0));
    }
}
