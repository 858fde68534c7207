//! The control socket: the engine's own answers, and calls between workers.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::{Client, Control, code, engine, settled};

const ID: &str = "3e9eb9e4-620b-4a89-afdb-267925d779ff";

fn result(id: &str, function: &str, result: &Value) -> Value {
    json!({"type": "invocationresult", "invocation_id": id, "function_id": function,
           "result": result})
}

#[tokio::test]
async fn an_announcement_is_answered_if_it_asks() {
    let engine = engine().await;
    let mut worker = Control::connect(&engine).await;
    let about = json!({"runtime": "rust", "version": "0.25.0", "name": "vm:1", "pid": 1,
                       "os": null, "namespace": null, "telemetry": {"framework": "x"}});
    worker
        .send(
            &json!({"type": "invokefunction", "function_id": "engine::workers::register",
                      "invocation_id": null, "data": about, "action": {"type": "void"}}),
        )
        .await;
    worker.synced().await;
    let answer = worker.call("engine::workers::register", &about).await;
    assert_eq!(answer["result"], json!({"success": true}));
    worker.register("b::f").await;
    worker.register("a::f").await;
    let workers = worker.call("engine::workers::list", &json!({})).await;
    assert_eq!(workers["result"]["workers"][0]["name"], "vm:1");
    assert_eq!(workers["result"]["workers"][0]["worker_id"], worker.id);
    let functions = worker.call("engine::functions::list", &json!({})).await;
    let functions = functions["result"]["functions"].as_array().unwrap();
    let ids: Vec<_> = functions
        .iter()
        .map(|function| &function["function_id"])
        .collect();
    assert_eq!(ids, ["a::f", "b::f"]);
    worker
        .send(&json!({"type": "unregisterfunction", "id": "a::f"}))
        .await;
    worker.synced().await;
    assert_eq!(engine.stats().functions, 1);
}

#[tokio::test]
async fn channels_are_created_with_two_keys() {
    let engine = engine().await;
    let mut worker = Control::connect(&engine).await;
    for data in [
        json!({}),
        json!({"buffer_size": null}),
        json!({"buffer_size": 16, "x": 1}),
    ] {
        let answer = worker.call("engine::channels::create", &data).await;
        let (reader, writer) = (&answer["result"]["reader"], &answer["result"]["writer"]);
        assert_eq!(reader["channel_id"], writer["channel_id"]);
        assert_ne!(reader["access_key"], writer["access_key"]);
        assert_eq!(
            (&reader["direction"], &writer["direction"]),
            (&json!("read"), &json!("write"))
        );
    }
    assert_eq!(engine.stats().channels, 3);
    for data in [
        json!(null),
        json!([16]),
        json!({"buffer_size": -1}),
        json!({"buffer_size": 1.5}),
    ] {
        let answer = worker.call("engine::channels::create", &data).await;
        assert_eq!(answer["error"]["code"], "deserialization_error", "{data}");
    }
    assert_eq!(engine.stats().channels, 3);
}

#[tokio::test]
async fn invalid_message_is_ignored() {
    let engine = engine().await;
    let mut worker = Control::connect(&engine).await;
    let nested = "[".repeat(100_000);
    for text in [
        "",
        "{",
        "null",
        "[]",
        r#"{"type":1}"#,
        r#"{"type":"observe"}"#,
        &nested,
        r#"{"type":"invokefunction"}"#,
        r#"{"type":"pong"}"#,
    ] {
        worker.client.send(Message::text(text)).await;
    }
    for bytes in [&b"OTLP{\"type\":\"ping\"}"[..], b"\xff\xfe", b""] {
        worker.client.send(Message::binary(bytes)).await;
    }
    worker.synced().await;
    worker
        .client
        .send(Message::binary(&br#"{"type":"ping"}"#[..]))
        .await;
    assert_eq!(worker.json().await["type"], "pong");
}

#[tokio::test]
async fn a_long_message_may_come_in_fragments() {
    let engine = engine().await;
    let mut worker = Control::connect(&engine).await;
    let text = json!({"type": "ping", "x": "x".repeat(20 << 20)}).to_string();
    let mut pieces = text.as_bytes().chunks(1 << 20).peekable();
    let mut kind = Data::Text;
    while let Some(piece) = pieces.next() {
        let last = pieces.peek().is_none();
        let frame = Frame::message(piece.to_vec(), OpCode::Data(kind), last);
        worker.client.send(Message::Frame(frame)).await;
        kind = Data::Continue;
    }
    assert_eq!(worker.json().await["type"], "pong");
}

#[tokio::test]
async fn calls_and_results_pass_between_workers() {
    let engine = engine().await;
    let (mut a, mut b) = (
        Control::connect(&engine).await,
        Control::connect(&engine).await,
    );
    b.register("t::f").await;
    a.send(
        &json!({"type": "invokefunction", "invocation_id": ID, "function_id": "t::f",
                   "data": {"a": 1}, "action": null, "namespace": "default",
                   "traceparent": "00-4b-00-01", "baggage": "k=v", "metadata": {"m": 1}}),
    )
    .await;
    let expected = json!({"type": "invokefunction", "invocation_id": ID, "function_id": "t::f",
                          "data": {"a": 1, "_caller_worker_id": a.id},
                          "traceparent": "00-4b-00-01", "baggage": "k=v", "metadata": {"m": 1}});
    assert_eq!(b.json().await, expected);
    assert_eq!(engine.stats().calls, 1);
    b.send(&result(ID, "ignored", &json!([1, null]))).await;
    let expected = json!({"type": "invocationresult", "invocation_id": ID, "function_id": "t::f",
                          "result": [1, null], "traceparent": "00-4b-00-01", "baggage": "k=v"});
    assert_eq!(a.json().await, expected);
    // Only once.
    b.send(&result(ID, "t::f", &json!(2))).await;
    b.synced().await;
    a.synced().await;
    assert_eq!(engine.stats().calls, 0);
}

#[tokio::test]
async fn payloads_pass_digit_by_digit() {
    let engine = engine().await;
    let mut worker = Control::connect(&engine).await;
    worker.register("f").await;
    let data = r#"[123456789012345678901234567890,1.10,{"b":1,"a":2}]"#;
    let call = format!(
        r#"{{"type":"invokefunction","function_id":"f","invocation_id":"{ID}","data":{data}}}"#
    );
    worker.client.send(Message::text(call)).await;
    let Message::Text(received) = worker.client.frame().await else {
        panic!("not text");
    };
    assert!(received.contains(data), "{received}");
}

#[tokio::test]
async fn void_call_is_forwarded_without_id_or_answer() {
    let engine = engine().await;
    let (mut a, mut b) = (
        Control::connect(&engine).await,
        Control::connect(&engine).await,
    );
    b.register("f").await;
    for function in ["f", "missing"] {
        a.send(
            &json!({"type": "invokefunction", "invocation_id": ID, "function_id": function,
                       "data": 1, "action": {"type": "void"}}),
        )
        .await;
    }
    assert_eq!(
        b.json().await,
        json!({"type": "invokefunction", "function_id": "f", "data": 1})
    );
    a.synced().await;
    assert_eq!(engine.stats().calls, 0);
}

#[tokio::test]
async fn calls_that_cannot_be_made_say_why() {
    let engine = engine().await;
    let mut worker = Control::connect(&engine).await;
    worker.register("orders::create").await;
    let answer = worker.call("orders::craete", &json!({})).await;
    assert_eq!(answer["error"]["code"], "function_not_found");
    assert_eq!(
        answer["error"]["message"],
        "Function orders::craete not found in namespace default. Did you mean orders::create?"
    );
    let mut refused = async |extra: Value| {
        let mut call = json!({"type": "invokefunction", "invocation_id": ID,
                              "function_id": "orders::create", "data": {}});
        call.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        worker.send(&call).await;
        let answer = worker.json().await;
        (
            answer["error"]["code"].clone(),
            answer["error"]["message"].clone(),
        )
    };
    let (code, message) = refused(json!({"namespace": "n"})).await;
    assert_eq!(code, "function_not_found");
    assert!(
        message
            .as_str()
            .unwrap()
            .ends_with("It exists in namespace default.")
    );
    let (code, _) = refused(json!({"namespace": " "})).await;
    assert_eq!(code, "INVALID_NAMESPACE");
    let (code, _) = refused(json!({"action": {"type": "enqueue", "queue": "q"}})).await;
    assert_eq!(code, "enqueue_error");
}

#[tokio::test]
async fn a_trigger_is_refused_politely() {
    let engine = engine().await;
    let mut worker = Control::connect(&engine).await;
    worker
        .send(
            &json!({"type": "registertrigger", "id": "1", "trigger_type": "http",
                      "function_id": "f", "config": {"path": "/"}}),
        )
        .await;
    let answer = worker.json().await;
    assert_eq!(answer["type"], "triggerregistrationresult");
    assert_eq!(
        (&answer["id"], &answer["trigger_type"]),
        (&json!("1"), &json!("http"))
    );
    assert!(answer["error"]["message"].is_string());
}

#[tokio::test]
async fn callers_are_told_when_the_executor_goes() {
    let engine = engine().await;
    let (mut a, mut b) = (
        Control::connect(&engine).await,
        Control::connect(&engine).await,
    );
    b.register("f").await;
    a.invoke(ID, "f", &json!({})).await;
    b.json().await;
    drop(b);
    let answer = a.json().await;
    assert_eq!(answer["invocation_id"], ID);
    assert_eq!(answer["function_id"], "f");
    assert_eq!(answer["error"]["code"], "invocation_stopped");
    assert_eq!(
        a.call("f", &json!({})).await["error"]["code"],
        "function_not_found"
    );
    assert_eq!((engine.stats().workers, engine.stats().functions), (1, 0));
}

#[tokio::test]
async fn a_caller_that_goes_takes_its_calls_along() {
    let engine = engine().await;
    let (mut a, mut b) = (
        Control::connect(&engine).await,
        Control::connect(&engine).await,
    );
    b.register("f").await;
    a.invoke(ID, "f", &json!({})).await;
    b.json().await;
    a.client.close().await;
    settled(&engine, |stats| stats.calls == 0 && stats.workers == 1).await;
    b.send(&result(ID, "f", &json!(1))).await;
    b.synced().await;
}

#[tokio::test]
async fn the_first_of_two_workers_keeps_a_function() {
    let engine = engine().await;
    let (mut a, mut b) = (
        Control::connect(&engine).await,
        Control::connect(&engine).await,
    );
    a.register("f").await;
    b.send(&json!({"type": "registerfunction", "id": "f"}))
        .await;
    let rejected = json!({"type": "registrationrejected", "code": "FUNCTION_NAMESPACE_CONFLICT",
                          "namespace": "default", "function_id": "f", "owner_worker_id": a.id});
    assert_eq!(b.json().await, rejected);
    b.synced().await;
    // In another namespace, it is allowed.
    b.send(
        &json!({"type": "invokefunction", "function_id": "engine::workers::register",
                   "data": {"namespace": "mine"}, "action": {"type": "void"}}),
    )
    .await;
    b.register("f").await;
    assert_eq!(engine.stats().functions, 2);
}

#[tokio::test]
async fn a_newer_connection_takes_the_place_of_the_old_one() {
    let engine = engine().await;
    let mut caller = Control::connect(&engine).await;
    let mut old = Control::connect(&engine).await;
    old.register("f").await;
    caller.invoke(ID, "f", &json!({})).await;
    old.json().await;
    let mut new = Control::connect(&engine).await;
    let reattach = |id: &str, token: &str| json!({"type": "reattach", "previous_worker_id": id, "reattach_token": token});
    new.send(&reattach(&old.id, "wrong")).await;
    new.send(&reattach("unknown", &old.token)).await;
    new.send(&reattach(&new.id.clone(), &new.token.clone()))
        .await;
    new.synced().await;
    old.synced().await;
    new.send(&reattach(&old.id, &old.token)).await;
    // The repeated registration is not a conflict.
    new.register("f").await;
    assert_eq!(code(old.client.closed().await), Some(1012));
    assert_eq!(caller.json().await["error"]["code"], "invocation_stopped");
    caller.invoke(ID, "f", &json!({})).await;
    assert_eq!(new.json().await["function_id"], "f");
    assert_eq!(engine.stats().workers, 2);
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused() {
    let builder = pipewright::Engine::builder().listen("127.0.0.1:0");
    let engine = builder.max_message_bytes(1000).start().await.unwrap();
    let mut worker = Control::connect(&engine).await;
    worker
        .client
        .send(Message::text("x".repeat(3_000_000)))
        .await;
    assert_eq!(code(worker.client.closed().await), Some(1009));
    settled(&engine, |stats| stats.workers == 0).await;
    Client::dial(&super::url(&engine)).await;
}
