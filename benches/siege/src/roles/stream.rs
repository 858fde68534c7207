use anyhow::Result;
use bytes::Bytes;
use pipewright::{Address, ChannelReader, ChannelWriter};
use pipewright_bench_roles::Gate;

/// The size of one write and of one frame.
const PIECE: usize = 64 << 10;

/// Writes as fast as the reader reads, until the suite ends it.
pub(super) async fn write(gate: Gate, url: &str, reference: &str) -> Result<()> {
    let address: Address = url.parse()?;
    let mut writer = ChannelWriter::new(&address, &serde_json::from_str(reference)?);
    writer.connect().await?;
    gate.say("");
    let piece = Bytes::from(vec![7; PIECE]);
    loop {
        writer.write(piece.clone()).await?;
    }
}

/// Reads, and prints on each command the number of bytes since the previous one.
pub(super) async fn read(mut gate: Gate, url: &str, reference: &str) -> Result<()> {
    let address: Address = url.parse()?;
    let mut reader = ChannelReader::new(&address, &serde_json::from_str(reference)?);
    reader.connect().await?;
    gate.say("");
    let mut bytes = 0;
    loop {
        tokio::select! {
            data = reader.next_bytes() => match data? {
                Some(data) => bytes += data.len(),
                None => anyhow::bail!("the stream never ends"),
            },
            word = gate.word() => {
                word?;
                gate.say(std::mem::take(&mut bytes));
            }
        }
    }
}
