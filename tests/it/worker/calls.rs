use std::time::Duration;

use pipewright::{FunctionError, Invocation, Payload, StreamChannelRef};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::has_functions;
use crate::test_engine::TestEngine;

#[tokio::test]
async fn one_worker_calls_another() {
    let engine = TestEngine::start().await;
    for address in engine.addresses() {
        let (host, guest) = (
            engine.worker(address.clone()).await,
            engine.worker(address.clone()).await,
        );
        assert!(host.id().is_some());
        assert_ne!(host.name(), guest.name());
        host.register_function("text::upper", async |text: String| text.to_uppercase())
            .unwrap();
        has_functions(&engine, &guest, &["text::upper"]).await;
        let upper: String = guest.call("text::upper", "abc").await.unwrap();
        assert_eq!(upper, "ABC");
        // A worker may call itself as well.
        let upper: String = host.call("text::upper", "def").await.unwrap();
        assert_eq!(upper, "DEF");
        host.shutdown().await.unwrap();
        guest.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn refs_in_payload_and_result_open_channels() {
    #[derive(Serialize, Deserialize)]
    struct Job {
        #[serde(rename = "readerRef")]
        reader: StreamChannelRef,
    }
    let engine = TestEngine::start().await;
    for address in engine.addresses() {
        let worker = engine.worker(address.clone()).await;
        worker
            .register_function("bytes::double", async |job: Job, invocation: Invocation| {
                let worker = invocation.worker();
                let input = worker.reader(&job.reader).read_all().await?;
                let mut output = worker.create_channel(None).await?;
                output.writer.write(input.clone()).await?;
                output.writer.write(input).await?;
                output.writer.close().await?;
                Ok::<_, FunctionError>(output.reader_ref)
            })
            .unwrap();
        let mut input = worker.create_channel(4).await.unwrap();
        let job = Job {
            reader: input.reader_ref,
        };
        let (answer, ()) = tokio::join!(
            worker.call::<StreamChannelRef>("bytes::double", &job),
            async {
                input.writer.write("abc").await.unwrap();
                input.writer.close().await.unwrap();
            }
        );
        let doubled = worker.reader(&answer.unwrap()).read_all().await.unwrap();
        assert_eq!(doubled, "abcabc");
        worker.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn what_goes_wrong_has_a_name() {
    let engine = TestEngine::start().await;
    for address in engine.addresses() {
        let host = engine
            .builder(address.clone())
            .shutdown_timeout(Duration::ZERO);
        let (host, guest) = (
            host.connect().await.unwrap(),
            engine.worker(address.clone()).await,
        );
        host.register_function("f::own", async |(): ()| {
            Err::<(), _>(FunctionError::new("too_late", "the shop is closed"))
        })
        .unwrap();
        host.register_function("f::panics", async |n: u32| -> u32 { 1 / (n - n) })
            .unwrap();
        host.register_function("f::endless", async |(): ()| {
            std::future::pending::<()>().await;
        })
        .unwrap();
        has_functions(&engine, &guest, &["f::endless", "f::own", "f::panics"]).await;

        let missing = guest.call::<()>("f::missing", &()).await.unwrap_err();
        assert!(missing.is_not_found(), "{missing}");
        let own = guest.call::<()>("f::own", &()).await.unwrap_err();
        assert_eq!(own.code(), Some("too_late"));
        let panicked = guest.call::<u32>("f::panics", &1).await.unwrap_err();
        assert!(panicked.is_failed());
        assert!(panicked.to_string().contains("`f::panics` panicked"));
        let misread = guest.call::<u32>("f::panics", "one").await.unwrap_err();
        assert_eq!(misread.code(), Some("deserialization_error"));
        let late = guest
            .trigger("f::endless", &())
            .timeout(Duration::from_millis(1))
            .call::<()>()
            .await
            .unwrap_err();
        assert!(late.is_timeout());
        // One function never ends, and need not.
        assert_eq!(host.shutdown().await.unwrap_err().unfinished, 1);
        guest.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn the_trace_reaches_the_last_function() {
    let engine = TestEngine::start().await;
    for address in engine.addresses() {
        let worker = engine.worker(address.clone()).await;
        worker
            .register_function("outer", async |(): (), invocation: Invocation| {
                invocation.trigger("inner", &()).call::<Value>().await
            })
            .unwrap();
        worker
            .register_function("inner", async |(): (), invocation: Invocation| {
                json!([invocation.traceparent(), invocation.baggage()])
            })
            .unwrap();
        worker.registered().await.unwrap();
        let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let seen: Value = worker
            .trigger("outer", &())
            .traceparent(traceparent)
            .baggage("k=v")
            .call()
            .await
            .unwrap();
        assert_eq!(seen, json!([traceparent, "k=v"]));
        worker.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_large_payload_passes_untouched() {
    let engine = TestEngine::start().await;
    for address in engine.addresses() {
        let worker = engine.worker(address.clone()).await;
        worker
            .register_function("echo", async |payload: Payload| payload)
            .unwrap();
        worker.registered().await.unwrap();
        let large = vec![u64::MAX; 100_000];
        let echoed: Vec<u64> = worker.call("echo", &large).await.unwrap();
        assert_eq!(echoed, large);
        worker.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn many_calls_at_once_find_their_own_answers() {
    // More than all queues hold: both sides must read while they cannot write.
    let engine = TestEngine::start().await;
    for address in engine.addresses() {
        let worker = engine.worker(address.clone()).await;
        worker.register_function("echo", async |n: u32| n).unwrap();
        worker.registered().await.unwrap();
        let calls = (0..10_000_u32).map(|n| {
            let worker = worker.clone();
            async move { worker.call::<u32>("echo", &n).await.unwrap() == n }
        });
        assert!(
            futures::future::join_all(calls)
                .await
                .into_iter()
                .all(|own| own)
        );
        worker.shutdown().await.unwrap();
    }
}
