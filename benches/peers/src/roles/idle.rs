use anyhow::Result;
use pipewright::{Address, ChannelReader, ChannelWriter};
use std::future::pending;

use super::Gate;
use super::many::read_refs;

/// Connects a writer to each channel, and keeps it idle.
pub(super) async fn writers(mut gate: Gate, url: &str, refs: &str) -> Result<()> {
    let address: Address = url.parse()?;
    let refs = read_refs(refs)?;
    gate.ready().await?;
    let mut writers = Vec::with_capacity(refs.len());
    for reference in refs {
        let mut writer = ChannelWriter::new(&address, &reference);
        writer.connect().await?;
        writers.push(writer);
    }
    gate.say(writers.len());
    pending().await
}

/// Connects a reader to each channel, and waits in one task per channel.
pub(super) async fn readers(mut gate: Gate, url: &str, refs: &str) -> Result<()> {
    let address: Address = url.parse()?;
    let refs = read_refs(refs)?;
    gate.ready().await?;
    let count = refs.len();
    for reference in refs {
        let mut reader = ChannelReader::new(&address, &reference);
        reader.connect().await?;
        tokio::spawn(async move { reader.next_bytes().await });
    }
    gate.say(count);
    pending().await
}
