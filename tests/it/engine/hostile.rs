//! Workers that misuse the protocol do not affect others.

use std::time::Duration;

use pipewright::{Engine, Invocation, Worker};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::workers::{invoke_in, offer, reattach, shared};
use super::{Control, FAILED, engine, settled, url};

const ID: &str = "3e9eb9e4-620b-4a89-afdb-267925d779ff";

/// Answers the next call with `result`.
async fn answer(executor: &mut Control, result: &str) {
    let call = executor.json().await;
    assert_eq!(call["type"], "invokefunction", "{call}");
    executor
        .send(
            &json!({"type": "invocationresult", "invocation_id": call["invocation_id"],
                      "function_id": call["function_id"], "result": result}),
        )
        .await;
}

#[tokio::test]
async fn worker_that_reattaches_to_itself_stays_connected() {
    let engine = engine().await;
    let mut worker = Control::connect(&engine).await;
    worker.register("f").await;
    let to_itself = reattach(&worker);
    worker.send(&to_itself).await;
    worker.synced().await;
    let stats = engine.stats();
    assert_eq!((stats.workers, stats.functions), (1, 1));
}

#[tokio::test]
async fn reattach_token_works_once() {
    let engine = engine().await;
    let mut old = Control::connect(&engine).await;
    old.register("f").await;
    let (mut first, mut second) = (
        Control::connect(&engine).await,
        Control::connect(&engine).await,
    );
    first.send(&reattach(&old)).await;
    first.synced().await;
    second.send(&reattach(&old)).await;
    second.synced().await;
    settled(&engine, |stats| stats.workers == 2).await;
    assert_eq!(engine.stats().functions, 1);
    second.invoke(ID, "f", &json!(1)).await;
    answer(&mut first, "first").await;
    assert_eq!(second.json().await["result"], "first");
}

#[tokio::test]
async fn chain_of_reattachments_leaves_one_worker_and_nothing_behind() {
    let engine = engine().await;
    let mut last = Control::connect(&engine).await;
    last.register("f").await;
    for _ in 0..5 {
        let mut next = Control::connect(&engine).await;
        next.send(&reattach(&last)).await;
        next.synced().await;
        last = next;
    }
    settled(&engine, |stats| stats.workers == 1).await;
    assert_eq!(engine.stats().functions, 1);
    drop(last);
    settled(&engine, |stats| stats.workers == 0 && stats.functions == 0).await;
}

#[tokio::test]
async fn reattach_of_a_shared_function_leaves_other_workers_serving() {
    let engine = engine().await;
    let (mut one, mut two) = (
        Control::connect(&engine).await,
        Control::connect(&engine).await,
    );
    for worker in [&mut one, &mut two] {
        worker.announce(&json!({})).await;
        worker.send(&shared("f")).await;
        worker.synced().await;
    }
    let mut again = Control::connect(&engine).await;
    again.send(&reattach(&one)).await;
    again.send(&shared("f")).await;
    again.announce(&json!({})).await;
    again.synced().await;
    drop(again);
    settled(&engine, |stats| stats.workers == 1).await;
    let mut caller = Control::connect(&engine).await;
    caller.invoke(ID, "f", &json!(1)).await;
    answer(&mut two, "two").await;
    assert_eq!(caller.json().await["result"], "two");
}

#[tokio::test]
async fn waiting_worker_takes_over_what_a_reattach_gave_up() {
    let engine = engine().await;
    let mut owner = Control::connect(&engine).await;
    owner.register("f").await;
    let mut waiting = Control::connect(&engine).await;
    waiting.announce(&json!({})).await;
    waiting.send(&offer("f")).await;
    assert_eq!(waiting.json().await["type"], "registrationrejected");
    let mut again = Control::connect(&engine).await;
    again.send(&reattach(&owner)).await;
    again.synced().await;
    // Until it registers again, the function still belongs to it.
    let mut caller = Control::connect(&engine).await;
    caller.invoke(ID, "f", &json!(1)).await;
    answer(&mut again, "owner").await;
    assert_eq!(caller.json().await["result"], "owner");
    again.announce(&json!({"replayed": true})).await;
    again.synced().await;
    caller.invoke(ID, "f", &json!(1)).await;
    answer(&mut waiting, "waiting").await;
    assert_eq!(caller.json().await["result"], "waiting");
}

#[tokio::test]
async fn id_of_an_open_call_is_no_key_to_it() {
    let engine = engine().await;
    let mut host = Control::connect(&engine).await;
    host.register("f").await;
    let mut caller = Control::connect(&engine).await;
    caller.invoke(ID, "f", &json!(1)).await;
    settled(&engine, |stats| stats.calls == 1).await;
    let mut thief = Control::connect(&engine).await;
    thief.invoke(ID, "f", &json!(2)).await;
    assert_eq!(thief.json().await["error"]["code"], "invocation_error");
    thief
        .send(&json!({"type": "cancelinvocation", "invocation_id": ID}))
        .await;
    thief
        .send(
            &json!({"type": "invocationresult", "invocation_id": ID, "function_id": "f",
                      "result": "forged"}),
        )
        .await;
    thief.synced().await;
    answer(&mut host, "true").await;
    assert_eq!(caller.json().await["result"], "true");
}

#[tokio::test]
async fn caller_cannot_claim_another_identity() {
    let engine = engine().await;
    let host = Worker::connect(&*url(&engine)).await.unwrap();
    host.register_function("who", async |_: Value, invocation: Invocation| {
        invocation.caller_worker_id().map(str::to_owned)
    })
    .unwrap();
    host.registered().await.unwrap();
    let mut caller = Control::connect(&engine).await;
    let forged = json!({"_caller_worker_id": "admin", "x": 1});
    let answer = caller.call("who", &forged).await;
    assert_eq!(answer["result"], json!(caller.id), "{answer}");
}

#[tokio::test]
async fn held_call_that_is_cancelled_is_never_forwarded() {
    let engine = engine().await;
    let mut host = Control::connect(&engine).await;
    host.send(&offer("f")).await;
    host.synced().await;
    let mut caller = Control::connect(&engine).await;
    caller.invoke(ID, "f", &json!("cancelled")).await;
    caller
        .send(&json!({"type": "cancelinvocation", "invocation_id": ID}))
        .await;
    caller.invoke(ID, "f", &json!("meant")).await;
    caller.synced().await;
    host.announce(&json!({})).await;
    let call = host.json().await;
    assert_eq!(call["data"], "meant", "{call}");
    host.synced().await;
}

#[tokio::test]
async fn error_lists_few_of_many_namespaces() {
    let engine = engine().await;
    let mut hosts = Vec::new();
    for n in 0..50 {
        let mut host = Control::connect(&engine).await;
        let namespace = format!("{n:0>250}");
        host.announce(&json!({ "namespace": namespace })).await;
        host.send(&offer("f")).await;
        host.synced().await;
        hosts.push(host);
    }
    let mut caller = Control::connect(&engine).await;
    caller.send(&invoke_in("nowhere", "f")).await;
    let answer = caller.json().await;
    assert_eq!(answer["error"]["code"], "function_not_found");
    assert!(answer.to_string().len() < 4096, "{answer}");
}

#[tokio::test]
async fn more_messages_than_a_turn_are_all_answered() {
    let engine = engine().await;
    let mut worker = Control::connect(&engine).await;
    for batch in [15, 16, 17, 100] {
        for _ in 0..batch {
            worker.send(&json!({"type": "ping"})).await;
        }
        for _ in 0..batch {
            assert_eq!(worker.json().await, json!({"type": "pong"}));
        }
    }
}

#[tokio::test]
async fn smallest_settings_are_refused_or_end_every_wait() {
    let builder = || Engine::builder().listen("127.0.0.1:0");
    for (name, builder) in [
        ("control 0", builder().max_control_bytes(0)),
        ("control 1", builder().max_control_bytes(1)),
        ("incoming 0", builder().max_incoming_bytes(0)),
        ("incoming 1", builder().max_incoming_bytes(1)),
        ("held 0", builder().max_held_bytes(0)),
        ("held 1", builder().max_held_bytes(1)),
        ("ttl 0", builder().channel_ttl(Duration::ZERO)),
        ("linger 0", builder().linger(Duration::ZERO)),
        ("functions 0", builder().max_functions_per_worker(0)),
        ("calls 0", builder().max_calls_per_worker(0)),
        ("channels 0", builder().max_channels_per_worker(0)),
    ] {
        let Ok(engine) = builder.start().await else {
            continue;
        };
        let tried = async {
            let worker = Worker::connect(&*url(&engine)).await.unwrap();
            worker.register_function("f", async |n: u32| n).unwrap();
            let registered = worker.registered().await;
            let called = worker.call::<u32>("f", &7).await;
            if let Ok(mut channel) = worker.create_channel(None).await {
                let written = async {
                    channel.writer.write("x").await?;
                    channel.writer.close().await
                };
                let (written, read) = tokio::join!(written, channel.reader.read_all());
                assert_eq!(
                    written.is_ok(),
                    read.is_ok(),
                    "{name}: {written:?}, {read:?}"
                );
            }
            let refused = [registered.is_err(), called.is_err()];
            assert!(
                name.ends_with(" 0") || refused == [false; 2],
                "{name}: {called:?}"
            );
        };
        let tried = timeout(FAILED, tried).await;
        assert!(tried.is_ok(), "{name}: somebody waits");
    }
}

/// Ten connections of one worker, each with 7 MiB of separate registrations.
#[tokio::test]
async fn limit_of_registered_bytes_outlives_reattachments() {
    let engine = engine().await;
    let about = "m".repeat(900 << 10);
    let mut last: Option<Control> = None;
    for connection in 0..10 {
        let mut next = Control::connect(&engine).await;
        for n in 0..8 {
            let id = format!("f{connection}-{n}");
            next.send(&json!({"type": "registerfunction", "id": id, "description": about}))
                .await;
        }
        if let Some(last) = &last {
            next.send(&reattach(last)).await;
        }
        next.synced().await;
        last = Some(next);
        // 8 MiB hold nine of them.
        assert!(engine.stats().functions <= 9, "{:?}", engine.stats());
    }
    drop(last);
    settled(&engine, |stats| stats.functions == 0).await;
}

#[tokio::test]
async fn worker_at_its_byte_limit_registers_again_after_reattach() {
    let engine = engine().await;
    let about = "m".repeat(900 << 10);
    let register =
        |n| json!({"type": "registerfunction", "id": format!("f{n}"), "description": about});
    let mut last = Control::connect(&engine).await;
    last.announce(&json!({})).await;
    for n in 0..9 {
        last.send(&register(n)).await;
    }
    last.synced().await;
    for _ in 0..3 {
        let mut next = Control::connect(&engine).await;
        next.send(&reattach(&last)).await;
        for n in 0..9 {
            next.send(&register(n)).await;
        }
        next.announce(&json!({})).await;
        next.synced().await;
        assert_eq!(engine.stats().functions, 9);
        last = next;
    }
}
