use std::time::{Duration, Instant};

use anyhow::Result;
use pipewright::{Address, ChannelReader, ChannelWriter};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Gate;

/// Bytes of one message.
pub(super) const BALL: usize = 64;

/// Echoes what it receives.
pub(super) async fn echo(gate: Gate, url: &str, from: &str, to: &str) -> Result<()> {
    let (reader, writer) = open(url, from, to).await?;
    gate.say("");
    answer(reader, writer).await
}

/// Sends and waits for the answer, repeatedly. Prints the median and the 99th percentile.
pub(super) async fn ping(
    mut gate: Gate,
    url: &str,
    to: &str,
    from: &str,
    trips: &str,
) -> Result<()> {
    let (reader, writer) = open(url, from, to).await?;
    gate.ready().await?;
    gate.say(measure(reader, writer, trips.parse()?).await?);
    Ok(())
}

async fn open(url: &str, from: &str, to: &str) -> Result<(ChannelReader, ChannelWriter)> {
    let address: Address = url.parse()?;
    let mut reader = ChannelReader::new(&address, &serde_json::from_str(from)?);
    let mut writer = ChannelWriter::new(&address, &serde_json::from_str(to)?);
    reader.connect().await?;
    writer.connect().await?;
    Ok((reader, writer))
}

/// Echoes over any transport until the other side closes.
pub(super) async fn answer(
    mut reader: impl AsyncReadExt + Unpin,
    mut writer: impl AsyncWriteExt + Unpin,
) -> Result<()> {
    let mut ball = [0; BALL];
    while reader.read_exact(&mut ball).await.is_ok() {
        writer.write_all(&ball).await?;
        writer.flush().await?;
    }
    Ok(writer.shutdown().await?)
}

/// Measures round trips over any transport: the median and the 99th percentile, in microseconds.
pub(super) async fn measure(
    mut reader: impl AsyncReadExt + Unpin,
    mut writer: impl AsyncWriteExt + Unpin,
    trips: usize,
) -> Result<String> {
    let mut ball = [7; BALL];
    let mut times = Vec::with_capacity(trips);
    for _ in 0..trips {
        let begun = Instant::now();
        writer.write_all(&ball).await?;
        writer.flush().await?;
        reader.read_exact(&mut ball).await?;
        times.push(begun.elapsed());
    }
    // The echo ends with its input, and this end with the echo's.
    let (closed, left) = tokio::join!(writer.shutdown(), reader.read(&mut ball));
    closed?;
    anyhow::ensure!(left? == 0, "every answer has been read");
    times.sort_unstable();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let (median, high) = (times[trips / 2], times[trips * 99 / 100]);
    Ok(format!("{} {}", micros(median), micros(high)))
}
