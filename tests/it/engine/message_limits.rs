//! How long a message may be: both sides agree in the handshake, and what is too long fails alone.

use std::time::Duration;

use pipewright::{CallError, Engine, RegisterError, Worker};
use serde_json::{Value, json};

use super::accounts::limited;
use super::{Control, engine, settled, url};

const SOON: Duration = Duration::from_secs(8);

async fn strict(limit: usize) -> Engine {
    let engine = Engine::builder().listen("127.0.0.1:0");
    engine.max_message_bytes(limit).start().await.unwrap()
}

#[tokio::test]
async fn call_over_the_limit_of_its_executor_fails_alone() {
    let engine = engine().await;
    let mut host = limited(&url(&engine), 64 << 10).await;
    host.register("f").await;
    let mut caller = Control::connect(&engine).await;
    caller
        .invoke("3e9eb9e4-620b-4a89-afdb-267925d779ff", "f", &json!("short"))
        .await;
    assert_eq!(host.json().await["type"], "invokefunction");
    let answer = caller.call("f", &json!("x".repeat(64 << 10))).await;
    assert_eq!(answer["error"]["code"], "payload_too_large", "{answer}");
    // The first is open still, and its executor is there.
    assert_eq!(engine.stats().calls, 1);
    host.synced().await;
}

#[tokio::test]
async fn result_over_the_limit_of_its_caller_fails_alone() {
    let engine = engine().await;
    let host = Worker::connect(&*url(&engine)).await.unwrap();
    host.register_function("long", async |len: usize| "x".repeat(len))
        .unwrap();
    host.registered().await.unwrap();
    let mut caller = limited(&url(&engine), 64 << 10).await;
    let answer = caller.call("long", &json!(64 << 10)).await;
    assert_eq!(answer["error"]["code"], "payload_too_large", "{answer}");
    let answer = caller.call("long", &json!(1 << 10)).await;
    assert_eq!(answer["result"].as_str().unwrap().len(), 1 << 10);
}

#[tokio::test]
async fn old_python_worker_gets_no_message_over_one_mebibyte() {
    let engine = engine().await;
    let mut python = Control::connect(&engine).await;
    python.register("f").await;
    let about = json!({"runtime": "python", "version": "0.23.0"});
    python.call("engine::workers::register", &about).await;
    let mut caller = Control::connect(&engine).await;
    let answer = caller.call("f", &json!("x".repeat(1 << 20))).await;
    assert_eq!(answer["error"]["code"], "payload_too_large", "{answer}");
    python.synced().await;
}

#[tokio::test]
async fn registration_over_the_limit_of_the_engine_is_refused_once() {
    let engine = strict(64 << 10).await;
    let host = Worker::connect(&*url(&engine)).await.unwrap();
    host.register_function("echo", async |n: u32| n).unwrap();
    let refused = host
        .function("large")
        .description("d".repeat(100 << 10))
        .register(async |n: u32| n);
    assert!(
        matches!(refused, Err(RegisterError::TooLarge { limit, .. }) if limit == 64 << 10),
        "{refused:?}"
    );
    host.registered().await.unwrap();
    assert_eq!(host.call::<u32>("echo", &7).await.unwrap(), 7);
    assert_eq!(host.metrics().reconnects, 0);
}

#[tokio::test]
async fn idempotent_call_over_the_limit_is_not_repeated() {
    let engine = strict(64 << 10).await;
    let caller = Worker::connect(&*url(&engine)).await.unwrap();
    let long = "x".repeat(100 << 10);
    let call = caller.trigger("f", &long).timeout(SOON).idempotent();
    let error = call.call::<Value>().await.unwrap_err();
    assert!(matches!(error, CallError::TooLarge { .. }), "{error}");
    assert_eq!(caller.metrics().reconnects, 0);
}

#[tokio::test]
async fn result_over_the_limit_of_the_engine_is_an_error_of_its_call() {
    let engine = strict(256 << 10).await;
    let host = Worker::connect(&*url(&engine)).await.unwrap();
    host.register_function("hang", |(): ()| std::future::pending::<()>())
        .unwrap();
    host.register_function("long", async |(): ()| "x".repeat(512 << 10))
        .unwrap();
    host.registered().await.unwrap();
    let guest = Worker::connect(&*url(&engine)).await.unwrap();
    let other = guest.clone();
    let hanging = tokio::spawn(async move { other.call::<()>("hang", &()).await });
    settled(&engine, |stats| stats.calls == 1).await;
    let error = guest.call::<String>("long", &()).await.unwrap_err();
    assert_eq!(error.code(), Some("payload_too_large"), "{error}");
    assert!(!hanging.is_finished(), "another call of the worker failed");
    hanging.abort();
}
