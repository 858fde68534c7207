//! The second of three programs: turns text into upper case. `producer` tells how to run them.
//!
//! ```console
//! $ cargo run --example transform ws://127.0.0.1:49134
//! transform is ready at ws://127.0.0.1:49134
//! ```
//!
//! It serves until it is stopped with Ctrl-C, and lets what runs finish.

use std::env;

use pipewright::prelude::*;

/// Bytes for bytes; messages pass by it, in their place.
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
