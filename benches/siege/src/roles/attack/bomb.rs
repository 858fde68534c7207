use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use pipewright::format::{Compression, Json};
use pipewright::{ReaderRef, StreamChannelRef, Worker};
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use super::Attacker;
use crate::raw::{Heard, Opcode, Socket, frame};

/// Bytes per write.
const PIECE: usize = 1 << 20;
/// Decompressed bytes of an endless item.
const MUCH: usize = 1 << 30;

/// Sends data that decompresses to an endless item, to a reader of items in this process. Also
/// offers and sends compressed frames, which the engine does not support.
pub(super) async fn run(attacker: Attacker) -> Result<()> {
    let worker = Worker::connect(attacker.url.as_str()).await?;
    let bomb = make(&attacker, &worker).await?;
    attacker.begun();
    loop {
        let refused = explode(&attacker, &worker, &bomb).await?;
        attacker
            .tally
            .count(format_args!("reader refused: {refused}"));
        let ended = compressed_frame(&attacker).await?;
        attacker
            .tally
            .count(format_args!("compressed frame {ended}"));
    }
}

/// The frames of a compressed stream of zeros whose header promises items.
async fn make(attacker: &Attacker, worker: &Worker) -> Result<Vec<Vec<u8>>> {
    let channel = worker.create_channel(None).await?;
    let mut socket = Socket::open(&attacker.host, &path(&channel.reader_ref), "").await?;
    let mut writer = channel.writer.compressed(Compression::ZSTD);
    let write = async {
        for _ in 0..MUCH / PIECE {
            writer.write(vec![b'0'; PIECE]).await?;
        }
        writer.close().await?;
        anyhow::Ok(())
    };
    let listen = async {
        let mut frames = Vec::new();
        loop {
            match socket.listener.next().await? {
                Heard::Frame(payload) => frames.push(disguised(&payload)?),
                Heard::Closed(_) => return anyhow::Ok(frames),
                Heard::Sign => {}
            }
        }
    };
    let ((), mut frames) = tokio::try_join!(write, listen)?;
    // The totals of the end message.
    frames.pop().context("frames")?;
    Ok(frames)
}

/// A frame to be sent repeatedly; the header states that the stream is JSON.
fn disguised(payload: &Bytes) -> Result<Vec<u8>> {
    if !payload.starts_with(b"{") {
        return Ok(frame(Opcode::Binary, payload));
    }
    let mut message: Value = serde_json::from_slice(payload)?;
    if message["type"] == "metadata" {
        message["format"] = "ndjson".into();
    }
    Ok(frame(Opcode::Text, message.to_string()))
}

/// The reader's result for a bomb.
async fn explode(attacker: &Attacker, worker: &Worker, bomb: &[Vec<u8>]) -> Result<String> {
    let channel = worker.create_channel(None).await?;
    let reader = ReaderRef::<Value, Json>::from(channel.reader_ref);
    let mut reader = reader.open(worker.address());
    let mut writer = Socket::open(&attacker.host, &path(&channel.writer_ref), "").await?;
    let ((), received) = tokio::join!(
        async {
            for frame in bomb {
                // The reader may have refused it already.
                if writer.sender.write_all(frame).await.is_err() {
                    return;
                }
            }
        },
        reader.recv()
    );
    match received {
        Ok(_) => bail!("the reader took it"),
        Err(error) => Ok(error.to_string()),
    }
}

/// How the engine ends a connection that sends a compressed frame (RFC 7692 §6).
async fn compressed_frame(attacker: &Attacker) -> Result<String> {
    let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    let mut socket = Socket::open(&attacker.host, "/", offer).await?;
    let taken = socket.answer.to_lowercase().contains("extensions");
    ensure!(!taken, "compression of frames was taken up");
    socket.sender.write_all(&[0xC1, 0x80, 0, 0, 0, 0]).await?;
    Ok(socket.listener.ended().await)
}

fn path(reference: &StreamChannelRef) -> String {
    format!(
        "/ws/channels/{}?key={}&dir={}",
        reference.channel_id,
        reference.access_key.expose(),
        reference.direction
    )
}
