//! How ends begin, end, respond and fail.

mod bounds;
mod bridges;
mod closing;
mod header;
mod interface;
mod lengths;
mod reports;

use std::time::Duration;

use pipewright::{Address, EngineBuilder, StreamChannelRef};
use serde_json::json;

use crate::support::{House, TestEngine};

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// A house whose engine has these settings, with a worker over a socket.
async fn house_of(builder: EngineBuilder) -> Option<House> {
    let engine = TestEngine::ours(builder, "the settings are those of our engine").await?;
    let worker = engine.worker(engine.address()).await;
    Some(House { engine, worker })
}

/// The address of the engine over a socket, with this heartbeat interval.
fn beating(house: &House, every: Duration) -> Address {
    house.engine.address().heartbeat(every, 10 * SECOND)
}

fn writer_ref() -> StreamChannelRef {
    let parts = json!({"channel_id": "c", "access_key": "k", "direction": "write"});
    serde_json::from_value(parts).unwrap()
}
