//! Workers against the embedded engine: by socket, and within the process.

mod calls;
mod functions;
mod reconnect;
mod relay;

use std::time::Duration;

use pipewright::{Address, Engine, Worker};
use serde_json::{Value, json};
use tokio::time::timeout;

use relay::Relay;

/// What nothing here takes, even on a busy machine: reached only by a test that fails.
const FAILED: Duration = Duration::from_secs(20);

async fn engine() -> Engine {
    let engine = Engine::builder().listen("127.0.0.1:0").start().await;
    engine.unwrap()
}

/// Both ways to reach an engine.
fn addresses(engine: &Engine) -> [Address; 2] {
    let url = engine.url().unwrap().clone();
    [Address::from(url), engine.address()]
}

async fn connect(address: &Address) -> Worker {
    let worker = Worker::builder(address.clone()).connect().await;
    worker.unwrap()
}

/// Waits until the engine has the functions with these ids, and no others.
async fn has_functions(worker: &Worker, wanted: &[&str]) {
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
            if ids == wanted {
                return;
            }
        }
    };
    timeout(FAILED, listed).await.expect("never listed");
}
