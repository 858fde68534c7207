use std::time::Instant;

use anyhow::{Error, Result, bail};
use bytes::{BufMut, Bytes, BytesMut};
use pipewright::format::Bincode;
use pipewright::{Channel, Worker};
use tokio::sync::mpsc;

use super::{Gate, PIECE};
use crate::record::Record;

/// Number of frames that may wait: the capacity of a channel.
const QUEUED: usize = 64;

/// Sends bytes through a channel within this process. Prints the rate per second.
pub(super) async fn bytes(gate: Gate, amount: &str) -> Result<()> {
    let amount: usize = amount.parse()?;
    let worker = Worker::embedded()
        .await
        .map_err(|error| Error::from_boxed(error.into()))?;
    let channel = worker.create_channel(None).await?;
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    let piece = Bytes::from(vec![7; PIECE]);
    let begun = Instant::now();
    let writing = tokio::spawn(async move {
        for _ in 0..amount / PIECE {
            writer.write(piece.clone()).await?;
        }
        writer.close().await
    });
    let reading = tokio::spawn(async move {
        let mut bytes = 0;
        while let Some(data) = reader.next_bytes().await? {
            bytes += data.len();
        }
        Ok::<_, pipewright::ReadError>(bytes)
    });
    assert_eq!(reading.await??, amount, "all bytes arrive");
    writing.await??;
    gate.say(amount as f64 / begun.elapsed().as_secs_f64());
    Ok(())
}

/// Sends records within this process. Prints the rate per second.
pub(super) async fn items(gate: Gate, who: &str, items: &str) -> Result<()> {
    let items: u64 = items.parse()?;
    let begun = Instant::now();
    let received = match who {
        "ours" => through_a_channel(items).await?,
        "mpsc" => through_frames(items).await?,
        _ => bail!("nobody is {who}"),
    };
    assert_eq!(received, items, "all records arrive");
    gate.say(items as f64 / begun.elapsed().as_secs_f64());
    Ok(())
}

async fn through_a_channel(items: u64) -> Result<u64> {
    let worker = Worker::embedded()
        .await
        .map_err(|error| Error::from_boxed(error.into()))?;
    let channel: Channel<Record, Bincode> = worker.channel(None).await?;
    let (mut sender, mut receiver) = (channel.sender, channel.receiver);
    let sending = tokio::spawn(async move {
        let record = Record::new(1 << 20);
        for id in 0..items {
            sender
                .send(Record {
                    id,
                    ..record.clone()
                })
                .await?;
        }
        Ok::<_, anyhow::Error>(sender.close().await?)
    });
    let receiving = tokio::spawn(async move {
        let mut received = 0;
        while let Some(record) = receiver.recv().await? {
            assert_eq!(record.id, received, "records come in order");
            received += 1;
        }
        Ok::<_, anyhow::Error>(received)
    });
    let received = receiving.await??;
    sending.await??;
    Ok(received)
}

/// The same batches by hand: lengths and records in bincode, in frames of 64 KiB.
async fn through_frames(items: u64) -> Result<u64> {
    let config = bincode::config::standard();
    let (frames, mut filled) = mpsc::channel::<Bytes>(QUEUED);
    let sending = tokio::spawn(async move {
        let record = Record::new(1 << 20);
        let mut frame = BytesMut::with_capacity(PIECE);
        for id in 0..items {
            let start = frame.len();
            frame.put_u32(0);
            let record = Record {
                id,
                ..record.clone()
            };
            bincode::serde::encode_into_std_write(&record, &mut (&mut frame).writer(), config)?;
            let len = u32::try_from(frame.len() - start - 4)?;
            frame[start..start + 4].copy_from_slice(&len.to_be_bytes());
            if frame.len() + 64 > PIECE {
                let full = std::mem::replace(&mut frame, BytesMut::with_capacity(PIECE));
                frames.send(full.freeze()).await?;
            }
        }
        frames.send(frame.freeze()).await?;
        Ok::<_, anyhow::Error>(())
    });
    let receiving = tokio::spawn(async move {
        let mut counted = 0;
        while let Some(frame) = filled.recv().await {
            let mut rest = &frame[..];
            while let Some((len, content)) = rest.split_first_chunk::<4>() {
                let (content, after) = content.split_at(u32::from_be_bytes(*len) as usize);
                let (record, _): (Record, _) = bincode::serde::decode_from_slice(content, config)?;
                assert_eq!(record.id, counted, "records come in order");
                counted += 1;
                rest = after;
            }
        }
        Ok::<_, anyhow::Error>(counted)
    });
    let received = receiving.await??;
    sending.await??;
    Ok(received)
}
