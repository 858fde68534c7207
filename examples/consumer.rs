//! The third of three programs: prints what arrives. `producer` explains how to run them.
//!
//! ```console
//! $ cargo run --example consumer ws://127.0.0.1:49134
//! consumer is ready at ws://127.0.0.1:49134
//! == LICENSE-MIT
//! PERMISSION IS HEREBY GRANTED, ...
//! ```
//! It serves until it is stopped with Ctrl-C, and lets running streams finish.

use std::env;

use pipewright::format::Lines;
use pipewright::prelude::*;

/// Reads bytes as lines; the writer need not know about them.
#[pipeline_stage(id = "demo::consume")]
async fn consume(mut lines: Receiver<String, Lines>) -> Result<()> {
    let mut events = lines.events();
    while let Some(event) = events.next().await? {
        match event {
            Event::Item(line) => println!("{line}"),
            Event::Message(path) => println!("== {path}"),
            _ => {}
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let url = env::var("PIPEWRIGHT_ENGINE_URL")
        .ok()
        .or_else(|| env::args().nth(1))
        .ok_or_else(|| Error::msg("usage: consumer URL"))?;
    let worker = Worker::connect(url).await?;
    worker.register(consume())?;
    worker.registered().await?;
    println!("consumer is ready at {}", worker.address());
    Ok(worker.serve().await?)
}
