//! tokio-util codecs over channels: lines of text, and length-delimited records.
//!
//! ```console
//! $ cargo run --example framed
//! line 1: to be
//! line 2: or not
//! line 3: to be
//! record 1: 5 bytes
//! record 2: 0 bytes
//! record 3: 100000 bytes
//! ```

use bytes::Bytes;
use futures::{SinkExt, TryStreamExt};
use pipewright::{Result, Worker};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec, LinesCodec};

#[tokio::main]
async fn main() -> Result<()> {
    let worker = Worker::embedded().await?;
    lines(&worker).await?;
    records(&worker).await
}

/// The channel buffers what is written first, so one task can handle both ends of a short stream.
async fn lines(worker: &Worker) -> Result<()> {
    let channel = worker.create_channel(None).await?;

    let mut sink = FramedWrite::new(channel.writer.into_write(), LinesCodec::new());
    for line in ["to be", "or not", "to be"] {
        sink.feed(line).await?;
    }
    SinkExt::<&str>::close(&mut sink).await?;

    let mut stream = FramedRead::new(channel.reader.into_read(), LinesCodec::new());
    let mut number = 0;
    while let Some(line) = stream.try_next().await? {
        number += 1;
        println!("line {number}: {line}");
    }
    Ok(())
}

/// A record may be longer than a frame of the channel; the codec joins the parts.
async fn records(worker: &Worker) -> Result<()> {
    let channel = worker.create_channel(None).await?;

    let mut sink = FramedWrite::new(channel.writer.into_write(), LengthDelimitedCodec::new());
    for len in [5, 0, 100_000] {
        sink.feed(Bytes::from(vec![0; len])).await?;
    }
    SinkExt::<Bytes>::close(&mut sink).await?;

    let mut stream = FramedRead::new(channel.reader.into_read(), LengthDelimitedCodec::new());
    let mut number = 0;
    while let Some(record) = stream.try_next().await? {
        number += 1;
        println!("record {number}: {} bytes", record.len());
    }
    Ok(())
}
