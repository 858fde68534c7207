use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::{FunctionError, Invocation, RegisterError};
use super::connected;
use crate::wire::{Payload, StreamChannelRef};

#[derive(Debug, thiserror::Error)]
#[error("the disk is full")]
struct DiskFull;

#[tokio::test(start_paused = true)]
async fn a_function_is_registered_at_once_and_called() {
    let (worker, mut peer, _engine) = connected().await;
    worker
        .function("text::upper")
        .description("to upper case")
        .request_format(&json!({"type": "string"}))
        .register(async |text: String| -> Result<String, DiskFull> { Ok(text.to_uppercase()) })
        .unwrap();
    assert_eq!(
        peer.next().await,
        json!({
            "type": "registerfunction", "id": "text::upper", "description": "to upper case",
            "request_format": {"type": "string"},
        })
    );
    peer.send(json!({
        "type": "invokefunction", "invocation_id": "i", "function_id": "text::upper",
        "data": "abc", "traceparent": "00-1-2-01", "baggage": "k=v",
    }))
    .await;
    assert_eq!(
        peer.next().await,
        json!({
            "type": "invocationresult", "invocation_id": "i", "function_id": "text::upper",
            "result": "ABC", "traceparent": "00-1-2-01", "baggage": "k=v",
        })
    );
}

#[tokio::test(start_paused = true)]
async fn an_invocation_tells_its_circumstances_and_passes_the_trace_on() {
    let (worker, mut peer, _engine) = connected().await;
    worker
        .register_function("f", async |(): (), invocation: Invocation| {
            invocation.trigger("inner", &1).void().await?;
            let metadata = invocation.metadata().map(Payload::as_json);
            Ok::<_, FunctionError>(json!({
                "id": invocation.function_id(),
                "metadata": metadata,
                "traceparent": invocation.traceparent(),
                "baggage": invocation.baggage(),
                "cancelled": invocation.is_cancelled(),
            }))
        })
        .unwrap();
    peer.next().await;
    peer.send(json!({
        "type": "invokefunction", "invocation_id": "i", "function_id": "f", "data": null,
        "metadata": [1], "traceparent": "00-1-2-01", "baggage": "k=v",
    }))
    .await;
    let (_, inner) = peer.expect_call("inner").await;
    assert_eq!(inner["traceparent"], "00-1-2-01");
    assert_eq!(inner["baggage"], "k=v");
    assert_eq!(
        peer.next().await["result"],
        json!({
            "id": "f", "metadata": "[1]", "traceparent": "00-1-2-01", "baggage": "k=v",
            "cancelled": false,
        })
    );
}

#[tokio::test(start_paused = true)]
async fn refs_travel_both_ways() {
    #[derive(Serialize, Deserialize)]
    struct Ends {
        #[serde(rename = "readerRef")]
        reader: StreamChannelRef,
    }
    let (worker, mut peer, _engine) = connected().await;
    worker
        .register_function("echo", async |ends: Ends| Ok::<_, DiskFull>(ends))
        .unwrap();
    peer.next().await;
    let ends = json!({"readerRef": {"channel_id": "c", "access_key": "k", "direction": "read"}});
    assert_eq!(peer.call("echo", ends.clone()).await["result"], ends);
}

#[tokio::test(start_paused = true)]
async fn failures_are_answered_with_a_code() {
    let (worker, mut peer, _engine) = connected().await;
    let fail = async |how: String| -> Result<(), FunctionError> {
        match how.as_str() {
            "own" => Err(FunctionError::new("own_code", "own message")),
            "any" => Err(DiskFull)?,
            how => panic!("cannot {how}"),
        }
    };
    worker.register_function("fail", fail).unwrap();
    worker
        .register_function("plain", async |(): ()| Err::<(), _>(DiskFull))
        .unwrap();
    peer.next().await;
    peer.next().await;
    for (function, how, code, message) in [
        ("fail", json!("own"), "own_code", "own message"),
        (
            "fail",
            json!("any"),
            "invocation_failed",
            "the disk is full",
        ),
        (
            "plain",
            json!(null),
            "invocation_failed",
            "the disk is full",
        ),
        (
            "fail",
            json!("juggle"),
            "invocation_failed",
            "function `fail` panicked: cannot juggle",
        ),
        (
            "missing",
            json!(null),
            "function_not_found",
            "has no function `missing`",
        ),
    ] {
        let answer = peer.call(function, how).await;
        assert_eq!(answer["error"]["code"], code);
        let told = answer["error"]["message"].as_str().unwrap();
        assert!(told.contains(message), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_payload_that_does_not_fit_names_function_and_place() {
    #[derive(Deserialize)]
    struct Order {
        #[allow(dead_code)]
        items: Vec<u32>,
    }
    let (worker, mut peer, _engine) = connected().await;
    worker
        .register_function("order", async |_: Order| ())
        .unwrap();
    peer.next().await;
    let answer = peer.call("order", json!({"items": [1, "two"]})).await;
    assert_eq!(answer["error"]["code"], "deserialization_error");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("`order`"), "{message}");
    assert!(message.contains("at `items[1]`"), "{message}");
    assert!(message.contains("expected u32"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_void_call_is_carried_out_and_not_answered() {
    let (worker, mut peer, _engine) = connected().await;
    worker
        .register_function("note", async |text: String, invocation: Invocation| {
            let _ = invocation.trigger("noted", &text).void().await;
        })
        .unwrap();
    peer.next().await;
    peer.send(json!({"type": "invokefunction", "function_id": "note", "data": "x"}))
        .await;
    peer.expect_call("noted").await;
    peer.send(json!({"type": "ping"})).await;
    assert_eq!(peer.next().await, json!({"type": "pong"}));
}

#[tokio::test(start_paused = true)]
async fn functions_run_side_by_side() {
    let (worker, mut peer, _engine) = connected().await;
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(3));
    worker
        .register_function("meet", move |n: u32| {
            let barrier = barrier.clone();
            async move {
                barrier.wait().await;
                n
            }
        })
        .unwrap();
    peer.next().await;
    for n in 0..3 {
        peer.invoke(&n.to_string(), "meet", json!(n)).await;
    }
    let mut results = Vec::new();
    for _ in 0..3 {
        results.push(peer.next().await["result"].as_u64().unwrap());
    }
    results.sort_unstable();
    assert_eq!(results, [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn ids_are_checked() {
    let (worker, mut peer, _engine) = connected().await;
    let register = |id: &str| worker.register_function(id, async |(): ()| ());
    assert!(matches!(register(" "), Err(RegisterError::Blank)));
    assert!(matches!(
        register("engine::x"),
        Err(RegisterError::Reserved { .. })
    ));
    register("f").unwrap();
    assert!(register("f").unwrap_err().is_duplicate());
    assert!(worker.unregister_function("f"));
    assert!(!worker.unregister_function("f"));
    register("f").unwrap();
    for kind in ["registerfunction", "unregisterfunction", "registerfunction"] {
        let message = peer.next().await;
        assert_eq!(
            (&message["type"], &message["id"]),
            (&json!(kind), &json!("f"))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_another_worker_has_is_reported() {
    let (worker, mut peer, _engine) = connected().await;
    worker.register_function("f", async |(): ()| 1).unwrap();
    peer.next().await;
    assert!(worker.rejections().is_empty());
    peer.send(json!({
        "type": "registrationrejected", "code": "FUNCTION_NAMESPACE_CONFLICT",
        "namespace": "default", "function_id": "f", "owner_worker_id": "other",
    }))
    .await;
    // The worker continues.
    assert_eq!(peer.call("f", Value::Null).await["result"], 1);
    let rejections = worker.rejections();
    assert_eq!(rejections.len(), 1);
    assert_eq!(rejections[0].function_id.as_deref(), Some("f"));
    assert!(rejections[0].to_string().contains("`f`"));
}

/// An engine that rejects a function does not report when the function becomes available.
#[tokio::test(start_paused = true)]
async fn a_refused_function_is_offered_again_until_it_is_taken() {
    let (worker, mut peer, _engine) = connected().await;
    worker.register_function("f", async |(): ()| 1).unwrap();
    let rejected = json!({
        "type": "registrationrejected", "code": "FUNCTION_NAMESPACE_CONFLICT",
        "namespace": "default", "function_id": "f", "owner_worker_id": "other",
    });
    let start = Instant::now();
    for seconds in [0, 1, 3] {
        assert_eq!(peer.next().await["type"], "registerfunction");
        assert_eq!(start.elapsed().as_secs(), seconds);
        peer.send(rejected.clone()).await;
        if seconds > 0 {
            assert_eq!(peer.next().await["type"], "ping");
            assert!(worker.rejections()[0].is_waiting());
            peer.send(json!({"type": "pong"})).await;
        }
    }
    assert_eq!(peer.next().await["type"], "registerfunction");
    assert_eq!(peer.next().await["type"], "ping");
    peer.send(json!({"type": "pong"})).await;
    assert_eq!(peer.call("f", Value::Null).await["result"], 1);
    assert!(worker.rejections().is_empty());
}

/// Another engine might send an answer without any result.
#[tokio::test(start_paused = true)]
async fn a_result_that_is_no_json_fails_its_call() {
    let (worker, mut peer, _engine) = connected().await;
    let (outcome, ()) = tokio::join!(worker.call::<f64>("f", &()), async {
        let (id, _) = peer.expect_call("f").await;
        let text = format!(r#"{{"type":"invocationresult","invocation_id":{id},"result":NaN}}"#);
        peer.send_frame(text.into()).await;
    });
    let error = outcome.unwrap_err();
    assert_eq!(error.code(), Some("serialization_error"), "{error}");
}
