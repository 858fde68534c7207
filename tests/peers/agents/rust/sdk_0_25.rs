//! The peer on `iii-sdk` 0.25.0.

use iii_sdk_0_25 as sdk;
use sdk::protocol::TriggerRequest;
use serde_json::Value;

mod agent;
mod faults;
mod tally;

async fn call(
    client: &sdk::IIIClient,
    function: &str,
    payload: Value,
) -> Result<Value, sdk::Error> {
    let request = TriggerRequest {
        timeout_ms: Some(agent::CALL_MS),
        ..TriggerRequest::new(function, payload)
    };
    client.trigger(request).await
}

#[tokio::main]
async fn main() {
    agent::serve().await;
}
