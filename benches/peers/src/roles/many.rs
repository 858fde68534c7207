use std::fs;

use anyhow::Result;
use bytes::Bytes;
use pipewright::{Address, ChannelReader, ChannelWriter, StreamChannelRef};
use tokio::task::JoinSet;

use super::{Gate, PIECE};

/// Writes `amount` bytes into each channel, concurrently.
pub(super) async fn write(mut gate: Gate, url: &str, refs: &str, amount: &str) -> Result<()> {
    let address: Address = url.parse()?;
    let pieces = amount.parse::<usize>()? / PIECE;
    let piece = Bytes::from(vec![7; PIECE]);
    let mut writers = Vec::new();
    for reference in read_refs(refs)? {
        let mut writer = ChannelWriter::new(&address, &reference);
        writer.connect().await?;
        writers.push(writer);
    }
    gate.ready().await?;
    let mut tasks = JoinSet::new();
    for mut writer in writers {
        let piece = piece.clone();
        tasks.spawn(async move {
            for _ in 0..pieces {
                writer.write(piece.clone()).await?;
            }
            writer.close().await
        });
    }
    while let Some(written) = tasks.join_next().await {
        written??;
    }
    Ok(())
}

/// Reads all channels concurrently to their ends, and counts all bytes.
pub(super) async fn read(gate: Gate, url: &str, refs: &str) -> Result<()> {
    let address: Address = url.parse()?;
    let mut tasks = JoinSet::new();
    for reference in read_refs(refs)? {
        let mut reader = ChannelReader::new(&address, &reference);
        reader.connect().await?;
        tasks.spawn(async move {
            let mut bytes = 0;
            while let Some(data) = reader.next_bytes().await? {
                bytes += data.len();
            }
            Ok::<_, pipewright::ReadError>(bytes)
        });
    }
    gate.say("");
    let mut bytes = 0;
    while let Some(read) = tasks.join_next().await {
        bytes += read??;
    }
    gate.say(bytes);
    Ok(())
}

/// The refs in a file.
pub(super) fn read_refs(file: &str) -> Result<Vec<StreamChannelRef>> {
    Ok(serde_json::from_str(&fs::read_to_string(file)?)?)
}
