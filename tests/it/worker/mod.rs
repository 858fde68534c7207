//! Workers connected over a socket, and within the process of the engine.

mod calls;
mod connect;
mod functions;
mod instances;
mod reattach;
mod reconnect;

use std::time::Duration;

use pipewright::Worker;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::test_engine::TestEngine;

/// Longer than anything takes, even on a busy machine; only a failing test reaches it.
const FAILED: Duration = Duration::from_secs(20);

/// Waits until the engine has exactly the functions with these ids, unless it has other users.
async fn has_functions(engine: &TestEngine, worker: &Worker, wanted: &[&str]) {
    let listed = async {
        loop {
            let list: Value = worker
                .trigger("engine::functions::list", &json!({}))
                .idempotent()
                .call()
                .await
                .unwrap();
            let mut ids: Vec<_> = list["functions"]
                .as_array()
                .unwrap()
                .iter()
                .map(|function| function["function_id"].as_str().unwrap())
                .collect();
            ids.sort_unstable();
            if engine.namespace().is_some() {
                ids.retain(|id| wanted.contains(id));
            }
            if ids == wanted {
                return;
            }
        }
    };
    timeout(FAILED, listed).await.expect("never listed");
}
