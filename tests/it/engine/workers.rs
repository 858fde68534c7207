//! Workers as records: announcements, reattaching, waiting and shared functions, tested with raw
//! messages.

use std::time::{Duration, Instant};

use pipewright::Engine;
use serde_json::{Value, json};

use super::{Control, engine, settled, url};

const ID: &str = "3e9eb9e4-620b-4a89-afdb-267925d779ff";

pub(super) fn reattach(old: &Control) -> Value {
    json!({"type": "reattach", "previous_worker_id": old.id, "reattach_token": old.token})
}

pub(super) fn offer(function: &str) -> Value {
    json!({"type": "registerfunction", "id": function})
}

pub(super) fn shared(function: &str) -> Value {
    json!({"type": "registerfunction", "id": function, "metadata": {"shared": true}})
}

pub(super) fn invoke_in(namespace: &str, function: &str) -> Value {
    json!({"type": "invokefunction", "invocation_id": ID, "function_id": function, "data": 1,
           "namespace": namespace})
}

/// A raw worker that supports pipewright's extensions.
async fn extended(engine: &Engine) -> Control {
    let mut worker = Control::connect(engine).await;
    worker.announce(&json!({"pipewright": 1})).await;
    worker.synced().await;
    worker
}

#[tokio::test]
async fn a_function_goes_to_the_namespace_announced_after_it() {
    let engine = engine().await;
    let (mut a, mut b) = (
        Control::connect(&engine).await,
        Control::connect(&engine).await,
    );
    a.send(&offer("f")).await;
    a.synced().await;
    b.send(&offer("f")).await;
    b.announce(&json!({"namespace": "mine"})).await;
    b.synced().await;
    let mut caller = Control::connect(&engine).await;
    caller.send(&invoke_in("mine", "f")).await;
    assert_eq!(b.json().await["function_id"], "f");
}

#[tokio::test]
async fn calls_wait_for_the_announcement_of_a_registration() {
    let engine = engine().await;
    let (mut host, mut caller) = (
        Control::connect(&engine).await,
        Control::connect(&engine).await,
    );
    host.send(&offer("f")).await;
    host.synced().await;
    caller.send(&invoke_in("default", "f")).await;
    caller.synced().await;
    host.announce(&json!({"namespace": "n"})).await;
    assert_eq!(caller.json().await["error"]["code"], "function_not_found");
    host.send(&offer("g")).await;
    host.synced().await;
    caller.send(&invoke_in("n", "g")).await;
    assert_eq!(host.json().await["function_id"], "g");
}

#[tokio::test]
async fn unannounced_worker_is_in_the_default_namespace() {
    let engine = engine().await;
    let (mut host, mut caller) = (
        Control::connect(&engine).await,
        Control::connect(&engine).await,
    );
    host.send(&offer("f")).await;
    host.synced().await;
    let begun = Instant::now();
    caller.send(&invoke_in("default", "f")).await;
    assert_eq!(host.json().await["function_id"], "f");
    assert!(begun.elapsed() > Duration::from_secs(3));
}

#[tokio::test]
async fn a_held_call_fails_when_the_expected_worker_leaves() {
    let engine = engine().await;
    let (mut host, mut caller) = (
        Control::connect(&engine).await,
        Control::connect(&engine).await,
    );
    host.send(&offer("f")).await;
    host.synced().await;
    caller.send(&invoke_in("default", "f")).await;
    caller.synced().await;
    drop(host);
    assert_eq!(caller.json().await["error"]["code"], "function_not_found");
}

#[tokio::test]
async fn a_reattach_across_namespaces_takes_nothing_from_others() {
    let engine = engine().await;
    let mut old = Control::connect(&engine).await;
    let mut other = Control::connect(&engine).await;
    let mut new = Control::connect(&engine).await;
    old.announce(&json!({"namespace": "n"})).await;
    old.synced().await;
    other.announce(&json!({"namespace": "n"})).await;
    other.register("f").await;
    new.send(&offer("f")).await;
    new.send(&reattach(&old)).await;
    new.synced().await;
    drop(new);
    settled(&engine, |stats| stats.workers == 1).await;
    let mut caller = Control::connect(&engine).await;
    caller.send(&invoke_in("n", "f")).await;
    assert_eq!(other.json().await["function_id"], "f");
}

#[tokio::test]
async fn functions_not_registered_again_are_removed_after_a_reattach() {
    let engine = engine().await;
    let mut old = Control::connect(&engine).await;
    for function in ["kept", "gone"] {
        old.register(function).await;
    }
    let mut new = Control::connect(&engine).await;
    new.send(&reattach(&old)).await;
    new.synced().await;
    assert_eq!(engine.stats().functions, 2);
    new.send(&offer("kept")).await;
    new.announce(&json!({})).await;
    new.synced().await;
    assert_eq!(engine.stats().functions, 1);
}

#[tokio::test]
async fn a_reattach_does_not_exceed_the_limit_of_functions() {
    let builder = Engine::builder().listen("127.0.0.1:0");
    let engine = builder.max_functions_per_worker(2).start().await.unwrap();
    let (mut old, mut new) = (
        Control::connect(&engine).await,
        Control::connect(&engine).await,
    );
    for function in ["a", "b"] {
        old.register(function).await;
    }
    for function in ["c", "d"] {
        new.register(function).await;
    }
    new.send(&reattach(&old)).await;
    new.synced().await;
    assert_eq!(engine.stats().functions, 2);
}

#[tokio::test]
async fn the_limit_of_channels_outlives_a_connection() {
    let builder = Engine::builder().listen("127.0.0.1:0");
    let engine = builder.max_channels_per_worker(1).start().await.unwrap();
    let mut old = Control::connect(&engine).await;
    old.channel().await;
    let (id, token, base) = (old.id.clone(), old.token.clone(), url(&engine));
    drop(old);
    settled(&engine, |stats| stats.workers == 0).await;
    let mut new = Control::at(&base).await;
    new.send(&json!({"type": "reattach", "previous_worker_id": id, "reattach_token": token}))
        .await;
    let answer = new.call("engine::channels::create", &json!({})).await;
    assert_eq!(answer["error"]["code"], "too_many_channels");
}

#[tokio::test]
async fn registrations_and_reattachments_at_random_leave_nothing() {
    for seed in 0..10 {
        let engine = engine().await;
        let mut random = fastrand::Rng::with_seed(seed);
        let mut workers = Vec::new();
        for _ in 0..4 {
            workers.push(Control::connect(&engine).await);
        }
        for _ in 0..60 {
            let at = random.usize(0..workers.len());
            let function = format!("f{}", random.u32(0..3));
            match random.u32(0..6) {
                0 => workers[at].send(&offer(&function)).await,
                1 => workers[at].send(&shared(&function)).await,
                2 => {
                    let back = json!({"type": "unregisterfunction", "id": function});
                    workers[at].send(&back).await;
                }
                3 => {
                    let namespace = ["default", "n", "m"][random.usize(0..3)];
                    workers[at].announce(&json!({"namespace": namespace})).await;
                }
                _ if workers.len() > 1 => {
                    let old = workers.swap_remove(at);
                    let new = workers.last_mut().unwrap();
                    new.send(&reattach(&old)).await;
                }
                _ => workers.push(Control::connect(&engine).await),
            }
        }
        drop(workers);
        settled(&engine, |stats| stats.workers == 0).await;
        assert_eq!(engine.stats().functions, 0, "seed {seed}");
    }
}

#[tokio::test]
async fn every_conflict_of_an_announcement_is_reported() {
    let engine = engine().await;
    let (mut a, mut b) = (
        Control::connect(&engine).await,
        Control::connect(&engine).await,
    );
    a.announce(&json!({"namespace": "n", "name": "first"}))
        .await;
    for n in 0..200 {
        a.send(&offer(&format!("f{n}"))).await;
        b.send(&offer(&format!("f{n}"))).await;
    }
    a.synced().await;
    b.synced().await;
    b.announce(&json!({"namespace": "n", "pipewright": 1}))
        .await;
    for _ in 0..200 {
        let rejected = b.json().await;
        assert_eq!(rejected["code"], "FUNCTION_NAMESPACE_CONFLICT");
        assert_eq!(rejected["owner_worker_name"], "first");
    }
    b.synced().await;
    assert_eq!(engine.stats().functions, 200);
}

#[tokio::test]
async fn a_waiting_worker_serves_when_the_owner_leaves() {
    let engine = engine().await;
    let mut a = Control::connect(&engine).await;
    let (mut b, mut caller) = (extended(&engine).await, Control::connect(&engine).await);
    a.register("f").await;
    b.send(&offer("f")).await;
    assert_eq!(b.json().await["owner_worker_id"], a.id);
    drop(a);
    let active = json!({"type": "functionactive", "namespace": "default", "function_id": "f"});
    assert_eq!(b.json().await, active);
    caller.send(&invoke_in("default", "f")).await;
    assert_eq!(b.json().await["function_id"], "f");
}

#[tokio::test]
async fn shared_function_is_called_on_the_least_busy_worker() {
    let engine = engine().await;
    let (mut a, mut b, mut caller) = (
        extended(&engine).await,
        extended(&engine).await,
        Control::connect(&engine).await,
    );
    for worker in [&mut a, &mut b] {
        worker.send(&shared("f")).await;
        worker.synced().await;
    }
    for n in 0..4 {
        let id = format!("00000000-0000-4000-8000-{n:012}");
        caller.invoke(&id, "f", &json!(n)).await;
    }
    for worker in [&mut a, &mut b] {
        for _ in 0..2 {
            assert_eq!(worker.json().await["type"], "invokefunction");
        }
        worker.synced().await;
    }
}

#[tokio::test]
async fn a_cancelled_call_reaches_its_executor_and_frees_its_place() {
    let builder = Engine::builder().listen("127.0.0.1:0");
    let engine = builder.max_calls_per_worker(1).start().await.unwrap();
    let (mut host, mut caller) = (extended(&engine).await, Control::connect(&engine).await);
    host.register("f").await;
    let cancel = json!({"type": "cancelinvocation", "invocation_id": ID});
    for _ in 0..2 {
        caller.invoke(ID, "f", &json!({})).await;
        assert_eq!(host.json().await["invocation_id"], ID);
        // No worker can cancel the call of another.
        host.send(&cancel).await;
        host.synced().await;
        caller.send(&cancel).await;
        assert_eq!(host.json().await, cancel);
    }
    caller.invoke(ID, "f", &json!({})).await;
    host.json().await;
    drop(caller);
    assert_eq!(host.json().await, cancel);
    assert_eq!(engine.stats().calls, 0);
}

#[tokio::test]
async fn draining_worker_is_notified_after_its_last_call() {
    let engine = engine().await;
    let (mut host, mut caller) = (extended(&engine).await, Control::connect(&engine).await);
    host.register("f").await;
    caller.invoke(ID, "f", &json!({})).await;
    host.json().await;
    host.send(&json!({"type": "drain"})).await;
    host.synced().await;
    let answer = caller.call("f", &json!({})).await;
    assert_eq!(answer["error"]["code"], "function_not_found");
    host.send(&json!({"type": "invocationresult", "invocation_id": ID, "function_id": "f"}))
        .await;
    assert_eq!(host.json().await, json!({"type": "drained"}));
    assert_eq!(caller.json().await["type"], "invocationresult");
}

#[tokio::test]
async fn results_that_are_no_json_fail_the_call_at_once() {
    let engine = engine().await;
    let (mut host, mut caller) = (
        Control::connect(&engine).await,
        Control::connect(&engine).await,
    );
    host.register("f").await;
    for answer in [
        r#""result":{"x":NaN}"#,
        r#""result":[Infinity,-Infinity]"#,
        r#""error":{"code":"c","message":"\ud800"}"#,
    ] {
        caller.invoke(ID, "f", &json!({})).await;
        host.json().await;
        let text = format!(r#"{{"type":"invocationresult","invocation_id":"{ID}",{answer}}}"#);
        host.client.send(text).await;
        let answer = caller.json().await;
        assert_eq!(answer["function_id"], "f");
        assert_eq!(answer["error"]["code"], "serialization_error");
    }
    let call = format!(
        r#"{{"type":"invokefunction","invocation_id":"{ID}","function_id":"f","data":NaN}}"#
    );
    caller.client.send(call).await;
    let answer = caller.json().await;
    assert_eq!(
        (&answer["invocation_id"], &answer["error"]["code"]),
        (&json!(ID), &json!("deserialization_error"))
    );
}

#[tokio::test]
async fn a_registration_that_is_no_json_is_rejected() {
    let engine = engine().await;
    let mut worker = Control::connect(&engine).await;
    for broken in [r#""description":"\ud800""#, r#""metadata":{"x":NaN}"#] {
        let text = format!(r#"{{"type":"registerfunction","id":"f",{broken}}}"#);
        worker.client.send(text).await;
        let rejected = worker.json().await;
        assert_eq!(
            (
                &rejected["code"],
                &rejected["reason"],
                &rejected["function_id"]
            ),
            (
                &json!("FUNCTION_NAMESPACE_CONFLICT"),
                &json!("INVALID"),
                &json!("f")
            )
        );
    }
}
