//! The peer on `iii-sdk` 0.26.0-rc.4.

use iii_sdk_0_26 as sdk;
use sdk::CallRequest;
use serde_json::Value;

mod agent;
mod faults;
mod tally;

async fn call(
    client: &sdk::IIIClient,
    function: &str,
    payload: Value,
) -> Result<Value, sdk::Error> {
    let request = CallRequest {
        timeout_ms: Some(agent::CALL_MS),
        ..CallRequest::new(function, payload)
    };
    client.call(request).await
}

#[tokio::main]
async fn main() {
    agent::serve().await;
}
