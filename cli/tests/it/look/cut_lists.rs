//! Lists that do not fit into one message of the engine.

use pipewright::{Engine, Payload};

use super::look;
use crate::support::TestEngine;

#[tokio::test]
async fn lists_say_what_did_not_fit() {
    let why = "other engines do not bound their lists";
    let Some(engine) = TestEngine::ours(Engine::builder(), why).await else {
        return;
    };
    // With their ids alone more than the 15 MiB of a list.
    let long = "x".repeat(500);
    let mut workers = Vec::new();
    for owner in 0..7 {
        let worker = engine.builder(engine.address()).connect().await.unwrap();
        for number in 0..4000 {
            let id = format!("{owner}::{number}{long}");
            worker.register_function(id, |_: Payload| async {}).unwrap();
        }
        let registered = worker.registered().await.unwrap();
        assert!(registered.is_complete(), "{registered:?}");
        workers.push(worker);
    }
    let ran = look(&engine, &["functions", "--output", "json"]).await;
    let ran = ran.succeeded();
    let list = ran.json();
    let listed = list["functions"].as_array().unwrap().len() as u64;
    let left_out = list["left_out"].as_u64().unwrap();
    assert!(listed < 28_000 && listed + left_out >= 28_000, "{listed}");
    let note = format!("note: {left_out} more functions do not fit into the engine's list");
    assert!(ran.stderr.contains(&note), "{}", ran.stderr);
    // What is not listed may exist, so a run has to try it.
    let is_listed = |id: &str| {
        let listed = list["functions"].as_array().unwrap();
        listed.iter().any(|function| function["function_id"] == id)
    };
    let mut ids = (0..4000).map(|number| format!("6::{number}{long}"));
    let unlisted = ids.find(|id| !is_listed(id)).unwrap();
    let ran = look(&engine, &["run", &unlisted]).await;
    assert!(ran.stderr.contains("is it a stage?"), "{}", ran.stderr);
}
