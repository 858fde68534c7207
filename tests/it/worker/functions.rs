use std::collections::BTreeMap;

use pipewright::{Closed, ConnectionState, Invocation, Payload};
use serde_json::json;
use tokio::time::timeout;

use super::{FAILED, has_functions};
use crate::test_engine::TestEngine;

#[tokio::test]
async fn a_shutdown_takes_functions_back_and_lets_them_finish() {
    let engine = TestEngine::start().await;
    for address in engine.addresses() {
        let (host, guest) = (
            engine.worker(address.clone()).await,
            engine.worker(address.clone()).await,
        );
        let (entered, mut running) = tokio::sync::mpsc::channel(1);
        host.register_function("slow", move |(): (), invocation: Invocation| {
            let entered = entered.clone();
            async move {
                entered.send(()).await.unwrap();
                invocation.cancelled().await;
                "finished"
            }
        })
        .unwrap();
        has_functions(&engine, &guest, &["slow"]).await;
        let (outcome, ()) = tokio::join!(guest.call::<String>("slow", &()), async {
            running.recv().await.unwrap();
            host.shutdown().await.unwrap();
        });
        assert_eq!(outcome.unwrap(), "finished");
        assert_eq!(host.closed().await, Closed::ShutDown { unfinished: 0 });
        assert_eq!(host.state(), ConnectionState::Closed);
        has_functions(&engine, &guest, &[]).await;
        guest.shutdown().await.unwrap();
    }
}

/// An engine adds `_caller_worker_id` to the payload.
#[tokio::test]
async fn payloads_hold_what_the_caller_sent_and_no_more() {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        a: u64,
    }
    let engine = TestEngine::start().await;
    for address in engine.addresses() {
        let worker = engine.worker(address.clone()).await;
        let sum = async |numbers: BTreeMap<String, u64>| numbers.values().sum::<u64>();
        worker.register_function("sum", sum).unwrap();
        worker
            .register_function("strict", async |strict: Strict| strict.a)
            .unwrap();
        worker
            .register_function("text", async |payload: Payload| {
                payload.as_json().to_owned()
            })
            .unwrap();
        let caller = async |_: Payload, invocation: Invocation| {
            invocation.caller_worker_id().map(str::to_owned)
        };
        worker.register_function("caller", caller).unwrap();
        worker.registered().await.unwrap();
        let numbers = json!({"a": 1, "b": 2});
        assert_eq!(worker.call::<u64>("sum", &numbers).await.unwrap(), 3);
        let strict = worker.call::<u64>("strict", &json!({"a": 7})).await;
        assert_eq!(strict.unwrap(), 7);
        let text = worker.call::<String>("text", &json!({"a": 1.5})).await;
        assert_eq!(text.unwrap(), r#"{"a":1.5}"#);
        let caller = worker.call::<Option<String>>("caller", &json!({})).await;
        assert_eq!(caller.unwrap(), worker.id());
    }
}

#[tokio::test]
async fn a_worker_that_goes_stops_the_calls_of_its_functions() {
    let engine = TestEngine::start().await;
    for address in engine.addresses() {
        let host = engine
            .builder(address.clone())
            .shutdown_timeout(std::time::Duration::ZERO)
            .connect()
            .await
            .unwrap();
        let guest = engine.worker(address.clone()).await;
        let (entered, mut running) = tokio::sync::mpsc::channel(1);
        host.register_function("endless", move |(): ()| {
            let entered = entered.clone();
            async move {
                entered.send(()).await.unwrap();
                std::future::pending::<()>().await;
            }
        })
        .unwrap();
        has_functions(&engine, &guest, &["endless"]).await;
        let (outcome, ()) = tokio::join!(guest.call::<()>("endless", &()), async {
            running.recv().await.unwrap();
            let stopped = host.shutdown().await.unwrap_err();
            assert_eq!(stopped.unfinished, 1);
        });
        assert_eq!(outcome.unwrap_err().code(), Some("invocation_stopped"));
        guest.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn an_id_of_another_worker_is_refused_and_told() {
    let engine = TestEngine::start().await;
    for address in engine.addresses() {
        let (first, second) = (
            engine.worker(address.clone()).await,
            engine.worker(address.clone()).await,
        );
        first.register_function("taken", async |(): ()| 1).unwrap();
        has_functions(&engine, &first, &["taken"]).await;
        second.register_function("taken", async |(): ()| 2).unwrap();
        let told = async {
            while second.rejections().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        timeout(FAILED, told).await.expect("never told");
        second.registered().await.unwrap();
        assert_eq!(second.call::<u32>("taken", &()).await.unwrap(), 1);
        first.shutdown().await.unwrap();
        second.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_dropped_worker_leaves_the_engine() {
    let engine = TestEngine::start().await;
    for address in engine.addresses() {
        drop(engine.worker(address.clone()).await);
        engine.settled(|stats| stats.workers == 0).await;
    }
}
