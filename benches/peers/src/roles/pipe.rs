use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe::OpenOptions;

use super::{Gate, PIECE};

/// Writes `amount` bytes into a named pipe, 64 KiB at a time.
pub(super) async fn write(mut gate: Gate, path: &str, amount: &str) -> Result<()> {
    let mut pipe = OpenOptions::new().open_sender(path)?;
    let piece = vec![7; PIECE];
    let pieces = amount.parse::<usize>()? / PIECE;
    gate.ready().await?;
    for _ in 0..pieces {
        pipe.write_all(&piece).await?;
    }
    Ok(())
}

/// Reads a named pipe to the end and counts bytes.
pub(super) async fn read(gate: Gate, path: &str) -> Result<()> {
    let mut pipe = OpenOptions::new().open_receiver(path)?;
    gate.say("");
    let mut buffer = vec![0; PIECE];
    // Opening it waits until the writer has opened its end.
    pipe.readable().await?;
    let mut bytes = 0;
    loop {
        match pipe.read(&mut buffer).await? {
            0 => break,
            read => bytes += read,
        }
    }
    gate.say(bytes);
    Ok(())
}
