//! Calls in every direction: results, errors, missing functions.

use serde_json::{Value, json};

use crate::peer::Peer;
use crate::scene::{Scene, shared};

/// Lets `caller` call a function of `host`.
async fn call(scene: &Scene, caller: Peer, host: Peer, function: &str, payload: Value) -> Value {
    let function = scene.id(host, function);
    let request = json!({ "function": function, "payload": payload });
    scene.ask(caller, "call", request).await
}

fn every_pair() -> impl Iterator<Item = (Peer, Peer)> {
    Peer::ALL
        .into_iter()
        .flat_map(|caller| Peer::ALL.map(|host| (caller, host)))
}

#[test]
fn a_payload_comes_back_as_it_was_sent() {
    shared(async |scene| {
        let payload = json!([
            null, true, "", "\u{1F980} \u{0}\n\"", 0, -1, 9_007_199_254_740_991_i64, 0.1, 1e300,
            {}, [], { "a": { "b": [{ "c": "d" }] } },
        ]);
        for (caller, host) in every_pair() {
            let answer = call(scene, caller, host, "echo", payload.clone()).await;
            assert_eq!(answer["ok"], payload, "{caller:?} calls {host:?}");
        }
    });
}

#[test]
fn two_megabytes_are_a_payload() {
    shared(async |scene| {
        let payload = json!(["x".repeat(2 << 20)]);
        for (caller, host) in every_pair() {
            let answer = call(scene, caller, host, "echo", payload.clone()).await;
            assert!(answer["ok"] == payload, "{caller:?} calls {host:?}");
        }
    });
}

#[test]
fn the_message_of_an_error_reaches_the_caller() {
    shared(async |scene| {
        let payload = json!({ "message": "no such \u{1F980}" });
        for (caller, host) in every_pair() {
            let answer = call(scene, caller, host, "fail", payload.clone()).await;
            let error = &answer["error"];
            assert_eq!(
                error["code"], "invocation_failed",
                "{caller:?} calls {host:?}"
            );
            let message = error["message"].as_str().unwrap_or_default();
            assert!(
                message.contains("no such \u{1F980}"),
                "{caller:?} calls {host:?}: {message}"
            );
        }
    });
}

#[test]
fn unknown_function_is_reported_as_such() {
    shared(async |scene| {
        for caller in Peer::ALL {
            let request = json!({ "function": "nobody::has_it", "payload": {} });
            let answer = scene.ask(caller, "call", request).await;
            assert_eq!(answer["error"]["code"], "function_not_found", "{caller:?}");
        }
    });
}
