use anyhow::Result;
use bytes::Bytes;
use pipewright::{Address, ChannelReader, ChannelWriter};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::{Gate, PIECE};

/// Writes `amount` bytes, 64 KiB at a time.
pub(super) async fn write(mut gate: Gate, url: &str, reference: &str, amount: &str) -> Result<()> {
    let mut writer = open_writer(url, reference).await?;
    let piece = Bytes::from(vec![7; PIECE]);
    let pieces = amount.parse::<usize>()? / PIECE;
    gate.ready().await?;
    for _ in 0..pieces {
        writer.write(piece.clone()).await?;
    }
    Ok(writer.close().await?)
}

/// Copies a file into a channel.
pub(super) async fn copy(mut gate: Gate, url: &str, reference: &str, file: &str) -> Result<()> {
    let mut writer = open_writer(url, reference).await?;
    let mut file = File::open(file).await?;
    gate.ready().await?;
    tokio::io::copy(&mut file, &mut writer).await?;
    Ok(writer.shutdown().await?)
}

/// Reads to the end and counts bytes.
pub(super) async fn read(gate: Gate, url: &str, reference: &str) -> Result<()> {
    let address: Address = url.parse()?;
    let mut reader = ChannelReader::new(&address, &serde_json::from_str(reference)?);
    reader.connect().await?;
    gate.say("");
    let mut bytes = 0;
    while let Some(data) = reader.next_bytes().await? {
        bytes += data.len();
    }
    gate.say(bytes);
    Ok(())
}

async fn open_writer(url: &str, reference: &str) -> Result<ChannelWriter> {
    let address: Address = url.parse()?;
    let mut writer = ChannelWriter::new(&address, &serde_json::from_str(reference)?);
    writer.connect().await?;
    Ok(writer)
}
