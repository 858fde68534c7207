//! The third of three programs: prints what arrives. `producer` tells how to run them.
//!
//! ```console
//! $ cargo run --example consumer ws://127.0.0.1:49134
//! consumer is ready at ws://127.0.0.1:49134
//! == LICENSE-MIT
//! PERMISSION IS HEREBY GRANTED, ...
//! ```
//!
//! It serves until it is stopped with Ctrl-C.

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use pipewright::{ChannelReader, Error, Invocation, Result, StreamChannelRef, Worker};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::AsyncBufReadExt;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ends {
    reader_ref: StreamChannelRef,
}

async fn consume(ends: Ends, invocation: Invocation) -> Result<Value> {
    let mut reader = ChannelReader::new(invocation.worker().address(), &ends.reader_ref);
    let files = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&files);
    reader.on_message(move |path| {
        counted.fetch_add(1, Relaxed);
        println!("== {path}");
    });
    let mut count = 0;
    let mut lines = reader.into_read().lines();
    while let Some(line) = lines.next_line().await? {
        count += 1;
        println!("{line}");
    }
    Ok(json!({"lines": count, "files": files.load(Relaxed)}))
}

#[tokio::main]
async fn main() -> Result<()> {
    let url = env::var("PIPEWRIGHT_ENGINE_URL")
        .ok()
        .or_else(|| env::args().nth(1))
        .ok_or_else(|| Error::msg("usage: consumer URL"))?;
    let worker = Worker::connect(url).await?;
    worker.register_function("demo::consume", consume)?;
    println!("consumer is ready at {}", worker.address());

    tokio::signal::ctrl_c().await?;
    worker.shutdown().await?;
    Ok(())
}
