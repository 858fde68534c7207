//! The second of three programs: converts text to upper case. `producer` explains how to run them.
//!
//! ```console
//! $ cargo run --example transform ws://127.0.0.1:49134
//! transform is ready at ws://127.0.0.1:49134
//! ```
//!
//! It serves until it is stopped with Ctrl-C, and lets running streams finish.

use std::env;

use pipewright::prelude::*;

/// Converts bytes; messages bypass it in order.
#[pipeline_stage(id = "demo::transform")]
async fn transform(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    while let Some(bytes) = input.next_bytes().await? {
        output.write(bytes.to_ascii_uppercase()).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let url = env::var("PIPEWRIGHT_ENGINE_URL")
        .ok()
        .or_else(|| env::args().nth(1))
        .ok_or_else(|| Error::msg("usage: transform URL"))?;
    let worker = Worker::connect(url).await?;
    worker.register(transform())?;
    worker.registered().await?;
    println!("transform is ready at {}", worker.address());
    Ok(worker.serve().await?)
}
