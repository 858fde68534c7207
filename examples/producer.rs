//! The first of three programs, which find each other through an engine; see also `transform` and
//! `consumer`.
//!
//! ```console
//! $ cargo run -- engine --listen 127.0.0.1:49134
//! $ cargo run --example consumer  ws://127.0.0.1:49134
//! $ cargo run --example transform ws://127.0.0.1:49134
//! $ cargo run --example producer  ws://127.0.0.1:49134 Cargo.toml LICENSE-MIT
//! ```
//!
//! Each in a terminal of its own, in this order. The URL may stand in `PIPEWRIGHT_ENGINE_URL`
//! instead. The producer makes the channels, hands their ends to the other two and streams the
//! files. It prints what they report:
//!
//! ```text
//! transform: 158 lines
//! consumer: 158 lines of 2 files
//! ```

use std::env;
use std::time::Duration;

use pipewright::{Error, Result, Worker};
use serde_json::{Value, json};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// The functions answer when the whole stream is through, which takes longer than most calls.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Calls a function that answers at the end of its stream.
async fn run(worker: &Worker, function_id: &str, ends: &Value) -> Result<Value> {
    let call = worker.trigger(function_id, ends).timeout(PATIENCE);
    Ok(call.call().await?)
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1).peekable();
    let url = match env::var("PIPEWRIGHT_ENGINE_URL") {
        Ok(url) => url,
        Err(_) => arguments
            .next()
            .ok_or_else(|| Error::msg("usage: producer URL FILE..."))?,
    };
    let worker = Worker::connect(url).await?;
    let text = worker.create_channel(None).await?;
    let upper = worker.create_channel(None).await?;

    let transform = json!({"readerRef": text.reader_ref, "writerRef": upper.writer_ref});
    let consume = json!({"readerRef": upper.reader_ref});
    let mut writer = text.writer;
    let produce = async {
        for path in arguments {
            let mut file = File::open(&path).await?;
            writer.send_message(path).await?;
            tokio::io::copy(&mut file, &mut writer).await?;
        }
        writer.shutdown().await?;
        Ok::<_, Error>(())
    };
    // If one of the three fails the others are given up, and what they had open fails, too.
    let (transformed, consumed, ()) = tokio::try_join!(
        run(&worker, "demo::transform", &transform),
        run(&worker, "demo::consume", &consume),
        produce,
    )?;
    println!("transform: {} lines", transformed["lines"]);
    println!(
        "consumer: {} lines of {} files",
        consumed["lines"], consumed["files"]
    );
    worker.shutdown().await?;
    Ok(())
}
