//! A byte stage is a copy loop: gzip and its inverse.
//!
//! ```console
//! $ cargo run --example stage_bytes
//! 100000 bytes, compressed and back: the same
//! ```

use async_compression::tokio::bufread::{GzipDecoder, GzipEncoder};
use pipewright::prelude::*;
use tokio::io::{AsyncWriteExt, BufReader};

#[pipeline_stage(id = "bytes::gzip")]
async fn gzip(input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    let mut encoder = GzipEncoder::new(BufReader::new(input));
    tokio::io::copy(&mut encoder, &mut output).await?;
    output.shutdown().await?;
    Ok(())
}

#[pipeline_stage(id = "bytes::gunzip")]
async fn gunzip(input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    let mut decoder = GzipDecoder::new(input);
    tokio::io::copy(&mut decoder, &mut output).await?;
    output.shutdown().await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let worker = Worker::embedded().await?;
    let text = "all work and no play\n".repeat(5_000)[..100_000].to_owned();
    let mut back = Vec::new();
    let input = std::io::Cursor::new(text.clone());
    let run = Pipeline::read(input)
        .then(gzip)
        .then(gunzip)
        .start(&worker)
        .await?;
    run.write_to(&mut back).await?;
    let same = if back == text.as_bytes() {
        "the same"
    } else {
        "something else"
    };
    println!("{} bytes, compressed and back: {same}", back.len());
    Ok(())
}
