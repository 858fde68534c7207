use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::time::Duration;

use futures::FutureExt;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::{CallError, MAX_MESSAGE};
use super::connected;
use crate::wire::Direction;

#[tokio::test(start_paused = true)]
async fn a_result_reaches_its_caller_typed() {
    let (worker, mut peer, _engine) = connected().await;
    let (sum, ()) = tokio::join!(worker.call::<u64>("math::sum", &[1, 2]), async {
        let (id, call) = peer.expect_call("math::sum").await;
        assert_eq!(call["data"], json!([1, 2]));
        assert!(call.get("namespace").is_none());
        peer.answer(&id, json!(3)).await;
    });
    assert_eq!(sum.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn answers_may_come_in_another_order() {
    let (worker, mut peer, _engine) = connected().await;
    let (one, two, ()) = tokio::join!(
        worker.call::<Value>("one", &()),
        worker.trigger("two", &()).into_future(),
        async {
            let (one, _) = peer.expect_call("one").await;
            let (two, _) = peer.expect_call("two").await;
            peer.answer(&two, json!("second")).await;
            peer.answer(&one, json!("first")).await;
        }
    );
    assert_eq!(one.unwrap(), "first");
    assert_eq!(two.unwrap().parse::<String>().unwrap(), "second");
}

#[tokio::test(start_paused = true)]
async fn settings_of_a_call_are_on_the_wire() {
    let (worker, mut peer, _engine) = connected().await;
    worker
        .trigger("f", &json!({"a": 1}))
        .metadata(&json!({"m": 1}))
        .traceparent("00-1-2-01")
        .baggage("k=v")
        .namespace("ns")
        .void()
        .await
        .unwrap();
    assert_eq!(
        peer.next().await,
        json!({
            "type": "invokefunction", "function_id": "f", "data": {"a": 1},
            "action": {"type": "void"}, "namespace": "ns", "metadata": {"m": 1},
            "traceparent": "00-1-2-01", "baggage": "k=v",
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_channel_is_made_by_the_engine() {
    let (worker, mut peer, _engine) = connected().await;
    let end = |direction| json!({"channel_id": "c", "access_key": "k", "direction": direction});
    let (refs, ()) = tokio::join!(worker.create_channel_refs(Some(16)), async {
        let (id, call) = peer.expect_call("engine::channels::create").await;
        assert_eq!(call["namespace"], "default");
        assert_eq!(call["data"], json!({"buffer_size": 16}));
        let refs = json!({"writer": end("write"), "reader": end("read")});
        peer.answer(&id, refs).await;
    });
    let (writer, reader) = refs.unwrap();
    assert_eq!(writer.direction, Direction::Write);
    assert_eq!(reader.direction, Direction::Read);
}

#[tokio::test(start_paused = true)]
async fn missing_answer_is_a_timeout_and_late_ones_ignored() {
    let (worker, mut peer, _engine) = connected().await;
    let start = Instant::now();
    let error = worker.call::<()>("slow", &()).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(error.function_id(), "slow");
    assert_eq!(start.elapsed().as_secs(), 30);
    let (late, _) = peer.expect_call("slow").await;
    peer.answer(&late, Value::Null).await;
    let (answer, ()) = tokio::join!(worker.call::<u8>("next", &()), async {
        let (id, _) = peer.expect_call("next").await;
        peer.answer(&id, json!(1)).await;
    });
    assert_eq!(answer.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_may_be_set_for_one_call() {
    let (worker, _peer, _engine) = connected().await;
    let start = Instant::now();
    let call = worker.trigger("slow", &()).timeout(Duration::from_secs(2));
    assert!(call.call::<()>().await.unwrap_err().is_timeout());
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_may_be_dropped_midway() {
    let (worker, mut peer, _engine) = connected().await;
    assert!(worker.call::<()>("dropped", &()).now_or_never().is_none());
    // Cancelled before the driver saw it, so the call is not made.
    worker.trigger("after", &()).void().await.unwrap();
    peer.expect_call("after").await;
}

#[tokio::test(start_paused = true)]
async fn errors_keep_their_meaning() {
    let (worker, mut peer, _engine) = connected().await;
    for (code, check) in [
        (
            "function_not_found",
            CallError::is_not_found as fn(&CallError) -> bool,
        ),
        ("invocation_stopped", CallError::is_disconnected),
        ("odd_number", CallError::is_failed),
    ] {
        let (outcome, ()) = tokio::join!(worker.call::<()>("f", "s3cret"), async {
            let (id, _) = peer.expect_call("f").await;
            peer.send(json!({
                "type": "invocationresult", "invocation_id": id, "function_id": "f",
                "error": {"code": code, "message": "because"},
            }))
            .await;
        });
        let error = outcome.unwrap_err();
        assert!(check(&error), "{error:?}");
        assert_eq!(error.code(), Some(code));
        let text = error.to_string();
        assert!(text.contains("`f`") && text.contains("because"), "{text}");
        assert!(!format!("{error:?} {text}").contains("s3cret"));
    }
}

#[tokio::test(start_paused = true)]
async fn result_of_another_type_is_a_distinct_error() {
    let (worker, mut peer, _engine) = connected().await;
    let (outcome, ()) = tokio::join!(worker.call::<u64>("f", &()), async {
        let (id, _) = peer.expect_call("f").await;
        peer.answer(&id, json!({"access_key": "s3cret"})).await;
    });
    let error = outcome.unwrap_err();
    assert!(matches!(error, CallError::Result { .. }));
    assert_eq!(
        error.to_string(),
        "the result of function `f` is not a `u64`"
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_is_refused_here() {
    let (worker, mut peer, _engine) = connected().await;
    let keys_that_are_no_strings = BTreeMap::from([((1, 2), 3)]);
    let error = worker.call::<()>("f", &keys_that_are_no_strings).await;
    assert!(matches!(error, Err(CallError::Payload { .. })));
    let too_large = "x".repeat(MAX_MESSAGE);
    let error = worker.call::<()>("f", &too_large).await;
    assert!(matches!(error, Err(CallError::TooLarge { .. })));
    worker.trigger("after", &()).void().await.unwrap();
    peer.expect_call("after").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_understood_is_ignored() {
    let (worker, mut peer, _engine) = connected().await;
    for nonsense in [
        json!({"type": "observe", "id": 1}),
        json!({"type": "invocationresult", "invocation_id": "no uuid", "function_id": "f"}),
        json!({"type": "invokefunction"}),
        json!([]),
        json!({"type": "error", "error": {"code": "c", "message": "m"}}),
    ] {
        peer.send(nonsense).await;
    }
    peer.send_frame("{".into()).await;
    peer.send_frame(vec![1, 2, 3].into()).await;
    worker.trigger("after", &()).void().await.unwrap();
    peer.expect_call("after").await;
}

#[tokio::test(start_paused = true)]
async fn many_calls_pass_a_narrow_connection() {
    let (worker, mut peer, _engine) = connected().await;
    let calls = futures::future::join_all((0..1000).map(|n| {
        let worker = worker.clone();
        async move { worker.call::<u32>("echo", &n).await }
    }));
    let (answers, ()) = tokio::join!(calls, async {
        for _ in 0..1000 {
            let (id, call) = peer.expect_call("echo").await;
            peer.answer(&id, call["data"].clone()).await;
        }
    });
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, (0..1000).collect::<Vec<u32>>());
}
