//! The first of three programs that connect through an engine; see also `transform` and `consumer`.
//!
//! ```console
//! $ cargo run -p pipewright-cli -- engine --listen 127.0.0.1:49134
//! $ cargo run --example consumer  ws://127.0.0.1:49134
//! $ cargo run --example transform ws://127.0.0.1:49134
//! $ cargo run --example producer  ws://127.0.0.1:49134 Cargo.toml LICENSE-MIT
//! ```
//!
//! Run each in a terminal of its own, in this order. Instead of passing the URL, you can set
//! `PIPEWRIGHT_ENGINE_URL`. The producer starts the run, streams the files and prints what each
//! stage did:
//!
//! ```text
//! stage               items in    items out       bytes in      bytes out  wait in wait out     work
//! files                      0            2              0           7158       0%       0%     100%
//! demo::transform            ..
//! demo::consume              ..
//! 0 items in 0.006 s, complete, verified; bottleneck: files
//! ```

use std::env;

use futures::StreamExt;
use pipewright::format::{Json, Raw};
use pipewright::prelude::*;
use tokio::fs::File;
use tokio_util::bytes::Bytes;
use tokio_util::io::ReaderStream;

/// The bytes of files. Each file is announced by a message, in order with the bytes.
#[pipeline_stage(id = "files")]
async fn files(mut output: Sender<Bytes, Raw>, params: Vec<String>) -> Result<()> {
    for path in params {
        let mut bytes = ReaderStream::new(File::open(&path).await?);
        output.send_message(path).await?;
        while let Some(bytes) = bytes.next().await {
            output.send(bytes?).await?;
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let url = match env::var("PIPEWRIGHT_ENGINE_URL") {
        Ok(url) => url,
        Err(_) => arguments
            .next()
            .ok_or_else(|| Error::msg("usage: producer URL FILE..."))?,
    };
    let worker = Worker::connect(url).await?;
    let transform = remote::<Bytes, Bytes>("demo::transform").formats::<Raw, Raw>();
    let consume = remote::<Bytes, ()>("demo::consume").formats::<Raw, Json>();
    let run = Pipeline::produce(files.with_params(arguments.collect::<Vec<_>>()))
        .then(transform)
        .then(consume)
        .start(&worker)
        .await?;
    println!("{}", run.report().await?);
    Ok(())
}
