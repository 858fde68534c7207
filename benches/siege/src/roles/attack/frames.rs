use anyhow::Result;
use tokio::io::AsyncWriteExt;

use super::Attacker;
use crate::raw::{Control, Heard, Opcode, Socket, frame};

/// Number of channels whose frames are never read.
const CHANNELS: usize = 128;
/// Number of channels with tiny frames.
const FEW: usize = 4;
/// Bytes of tiny frames per write.
const BATCH: usize = 64 << 10;

/// Writes frames into many channels of maximum capacity until the engine makes the writer wait.
/// Their readers were never opened, or are `deaf`: open, but never reading.
pub(super) async fn unread(attacker: Attacker, deaf: bool) -> Result<()> {
    let mut control = Control::connect(&attacker.host).await?;
    let piece = frame(Opcode::Binary, vec![7; 64 << 10]);
    for channel in 0..CHANNELS {
        let ends = match control.channel().await {
            Ok(ends) => ends,
            // The channels created so far are sufficient.
            Err(refused) if channel > 0 => {
                attacker.tally.count(refused);
                break;
            }
            Err(refused) => return Err(refused),
        };
        let mut writer = Socket::open(&attacker.host, &ends.writer, "").await?;
        let reader = if deaf {
            Some(Socket::open(&attacker.host, &ends.reader, "").await?)
        } else {
            None
        };
        attacker.tally.count("channels");
        let (tally, piece) = (attacker.tally.clone(), piece.clone());
        tokio::spawn(async move {
            // Keeps the reader open as long as the writer.
            let _reader = reader;
            while writer.sender.write_all(&piece).await.is_ok() {
                tally.add("KiB taken", 64);
            }
            tally.count(writer.listener.ended().await);
        });
    }
    attacker.begun();
    std::future::pending().await
}

/// Writes frames of `size` bytes and reads them: a header for almost no payload.
pub(super) async fn tiny(attacker: Attacker, size: usize) -> Result<()> {
    let mut control = Control::connect(&attacker.host).await?;
    let one = frame(Opcode::Binary, vec![7; size]);
    let batch = one.repeat(BATCH / one.len());
    for _ in 0..FEW {
        let ends = control.channel().await?;
        let mut writer = Socket::open(&attacker.host, &ends.writer, "").await?;
        let Socket {
            mut listener,
            sender,
            ..
        } = Socket::open(&attacker.host, &ends.reader, "").await?;
        let (tally, batch) = (attacker.tally.clone(), batch.clone());
        tokio::spawn(async move {
            while writer.sender.write_all(&batch).await.is_ok() {}
            tally.count(writer.listener.ended().await);
        });
        let tally = attacker.tally.clone();
        tokio::spawn(async move {
            // Dropping it would end the connection.
            let _sender = sender;
            while let Ok(Heard::Frame(_)) = listener.next().await {
                tally.count("frames relayed");
            }
        });
    }
    attacker.begun();
    std::future::pending().await
}
