use anyhow::Result;
use iii_sdk::channel::{ChannelReader, ChannelWriter};

use super::{Gate, PIECE};
use crate::record::Record;

/// Writes `amount` bytes, 64 KiB at a time.
pub(super) async fn write(mut gate: Gate, url: &str, reference: &str, amount: &str) -> Result<()> {
    let writer = ChannelWriter::new(url, &serde_json::from_str(reference)?);
    let piece = vec![7; PIECE];
    let pieces = amount.parse::<usize>()? / PIECE;
    gate.ready().await?;
    for _ in 0..pieces {
        writer.write(&piece).await?;
    }
    Ok(writer.close().await?)
}

/// Reads to the end and counts bytes.
pub(super) async fn read(gate: Gate, url: &str, reference: &str) -> Result<()> {
    let reader = ChannelReader::new(url, &serde_json::from_str(reference)?);
    gate.say("");
    let mut bytes = 0;
    while let Some(data) = reader.next_binary().await? {
        bytes += data.len();
    }
    gate.say(bytes);
    Ok(())
}

/// Writes `amount` records, one JSON line per write, because the SDK has no items.
pub(super) async fn send(mut gate: Gate, url: &str, reference: &str, amount: &str) -> Result<()> {
    let writer = ChannelWriter::new(url, &serde_json::from_str(reference)?);
    let amount: u64 = amount.parse()?;
    let record = Record::new(1 << 20);
    gate.ready().await?;
    for id in 0..amount {
        let mut line = serde_json::to_vec(&Record {
            id,
            ..record.clone()
        })?;
        line.push(b'\n');
        writer.write(&line).await?;
    }
    Ok(writer.close().await?)
}

/// Reads records to the end and counts them. Each chunk is one line, as written.
pub(super) async fn receive(gate: Gate, url: &str, reference: &str) -> Result<()> {
    let reader = ChannelReader::new(url, &serde_json::from_str(reference)?);
    gate.say("");
    let mut items = 0_u64;
    while let Some(line) = reader.next_binary().await? {
        let record: Record = serde_json::from_slice(&line)?;
        assert_eq!(record.id, items, "records come in order");
        items += 1;
    }
    gate.say(items);
    Ok(())
}
