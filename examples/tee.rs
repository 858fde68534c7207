//! Copies everything that passes to a file.
//!
//! ```console
//! $ cargo run --example tee -- examples/data/orders.csv copy.csv | head -n 2
//! ID,CUSTOMER,COUNTRY,TOTAL,NOTE
//! 1001,"LOVELACE, ADA",GB,249.90,
//! ```
//!
//! The output is in upper case; the copy is unchanged.

use std::path::PathBuf;

use pipewright::prelude::*;
use tokio::fs::{File, rename};
use tokio::io::{AsyncWriteExt, stdout};

/// Bytes are forwarded after the file has accepted them, so a slow disk slows the run and a full
/// disk ends it. The file gets its name when the stream is complete and on disk.
#[pipeline_stage(id = "bytes::tee")]
async fn tee(mut input: ChannelReader, mut output: ChannelWriter, params: PathBuf) -> Result<()> {
    let mut partial = params.clone().into_os_string();
    partial.push(".part");
    let mut file = File::create(&partial)
        .await
        .map_err(|error| Error::msg(format!("{}: {error}", partial.display())))?;
    while let Some(bytes) = input.next_bytes().await? {
        file.write_all(&bytes).await?;
        output.write(bytes).await?;
    }
    file.sync_all().await?;
    rename(partial, params).await?;
    Ok(())
}

#[pipeline_stage(id = "bytes::upper")]
async fn upper(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    while let Some(bytes) = input.next_bytes().await? {
        output.write(bytes.to_ascii_uppercase()).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [source, copy] = arguments.as_slice() else {
        return Err(Error::msg("usage: tee SOURCE COPY"));
    };
    let worker = Worker::embedded().await?;
    let run = Pipeline::read(File::open(source).await?)
        .then(tee.with_params(copy))
        .then(upper)
        .start(&worker)
        .await?;
    run.write_to(&mut stdout()).await?;
    Ok(())
}
