//! Message limits: both sides state theirs in the handshake, and only a message that is too long
//! fails.

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
    // The first call is still open, and its executor is connected.
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
async fn result_over_the_engines_limit_fails_its_call() {
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

/// The minimum limit of a receiver. The engine's own messages repeat ids.
const LEAST: usize = 4 << 10;

/// Asserts that no message is longer than [`LEAST`], up to the answer of a call.
async fn short_answer(caller: &mut Control) -> Value {
    let answer = caller.json().await;
    assert!(answer.to_string().len() <= LEAST, "{answer}");
    assert_eq!(answer["type"], "invocationresult", "{answer}");
    answer
}

#[tokio::test]
async fn failures_after_a_departure_keep_to_the_limit() {
    let engine = engine().await;
    let mut host = Control::connect(&engine).await;
    host.register("f").await;
    let mut caller = limited(&url(&engine), LEAST).await;
    let id = "3e9eb9e4-620b-4a89-afdb-267925d779ff";
    let call = json!({"type": "invokefunction", "invocation_id": id, "function_id": "f",
                      "data": null, "baggage": "b".repeat(8 << 10), "traceparent": "t".repeat(200)});
    caller.send(&call).await;
    assert_eq!(host.json().await["type"], "invokefunction");
    drop(host);
    let answer = short_answer(&mut caller).await;
    assert_eq!(answer["error"]["code"], "invocation_stopped", "{answer}");
    assert_eq!(answer["invocation_id"], id);
    caller.synced().await;
}

#[tokio::test]
async fn refusals_with_long_ids_keep_to_the_limit() {
    let engine = engine().await;
    let mut caller = limited(&url(&engine), LEAST).await;
    // Each character takes six bytes in JSON.
    let (id, function) = ("\u{1}".repeat(128), "\u{1}".repeat(512));
    for namespace in [None, Some("n"), Some(" ")] {
        let call = json!({"type": "invokefunction", "invocation_id": id, "function_id": function,
                          "data": null, "namespace": namespace, "baggage": "b".repeat(8 << 10)});
        caller.send(&call).await;
        let answer = short_answer(&mut caller).await;
        assert!(answer["error"]["code"].is_string(), "{answer}");
        assert_eq!(answer["invocation_id"], json!(id));
    }
    caller.synced().await;
}

#[tokio::test]
async fn held_call_whose_worker_leaves_fails_within_the_limit() {
    let engine = engine().await;
    let mut host = Control::connect(&engine).await;
    host.send(&json!({"type": "registerfunction", "id": "f"}))
        .await;
    host.synced().await;
    let mut caller = limited(&url(&engine), LEAST).await;
    let call = json!({"type": "invokefunction", "function_id": "f", "data": null,
                      "invocation_id": "3e9eb9e4-620b-4a89-afdb-267925d779ff",
                      "baggage": "b".repeat(8 << 10)});
    caller.send(&call).await;
    caller.synced().await;
    drop(host);
    let answer = short_answer(&mut caller).await;
    assert_eq!(answer["error"]["code"], "function_not_found", "{answer}");
}

#[tokio::test]
async fn void_call_over_the_limit_leaves_its_executor_connected() {
    let engine = engine().await;
    let mut host = limited(&url(&engine), 64 << 10).await;
    host.register("f").await;
    let mut caller = Control::connect(&engine).await;
    let call = |data: Value| {
        json!({"type": "invokefunction", "function_id": "f", "data": data,
               "action": {"type": "void"}})
    };
    caller.send(&call(json!("x".repeat(64 << 10)))).await;
    caller.send(&call(json!("short"))).await;
    let called = host.json().await;
    assert_eq!(called["data"], "short", "{called}");
    host.synced().await;
    assert_eq!(engine.stats().calls, 0);
}
