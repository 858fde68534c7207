use std::fs;

use anyhow::Result;
use pipewright::{Address, ChannelReader, ChannelWriter, StreamChannelRef};
use pipewright_bench_roles::Gate;
use tokio::task::JoinSet;

use super::WORD;

/// Opens an idle writer for each channel. On the command, each writes and closes, and the role
/// prints the number of successes.
pub(crate) async fn writers(mut gate: Gate, url: &str, refs: &str) -> Result<()> {
    let address: Address = url.parse()?;
    let mut writers = Vec::new();
    for reference in read_refs(refs)? {
        let mut writer = ChannelWriter::new(&address, &reference);
        writer.connect().await?;
        writers.push(writer);
    }
    gate.say(writers.len());
    gate.word().await?;
    let mut written = 0;
    for mut writer in writers {
        let closed = async {
            writer.write(WORD).await?;
            writer.close().await
        };
        match closed.await {
            Ok(()) => written += 1,
            Err(error) => eprintln!("an idle writer: {error}"),
        }
    }
    gate.say(written);
    Ok(())
}

/// Opens a reader for each channel and waits. On the command, it waits until all streams have
/// ended, and prints how many readers have read what was written.
pub(crate) async fn readers(mut gate: Gate, url: &str, refs: &str) -> Result<()> {
    let address: Address = url.parse()?;
    let mut readers = JoinSet::new();
    for reference in read_refs(refs)? {
        let mut reader = ChannelReader::new(&address, &reference);
        reader.connect().await?;
        readers.spawn(async move { reader.read_all().await });
    }
    gate.say(readers.len());
    gate.word().await?;
    let mut right = 0;
    while let Some(read) = readers.join_next().await {
        match read? {
            Ok(bytes) => right += usize::from(bytes == WORD),
            Err(error) => eprintln!("an idle reader: {error}"),
        }
    }
    gate.say(right);
    Ok(())
}

fn read_refs(path: &str) -> Result<Vec<StreamChannelRef>> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}
