use bytes::Bytes;
use fastrand::Rng;
use pipewright::{ChannelWriter, StreamChannelRef, Worker, WriteError};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::sink_id;

/// The maximum length of one write.
const PIECE: usize = 96 << 10;

/// The request to a sink.
#[derive(Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) reader: StreamChannelRef,
}

/// The answer of a sink.
#[derive(Serialize, Deserialize)]
pub(super) struct Receipt {
    pub(super) bytes: u64,
}

/// Streams `data` into a sink in random pieces, followed by a description. Returns the sink's
/// answer.
pub(super) async fn upload(
    worker: &Worker,
    sink: &str,
    data: Bytes,
    rng: &mut Rng,
) -> Result<Receipt, String> {
    let channel = worker.create_channel(None).await;
    let channel = channel.map_err(|error| kind("create", &error))?;
    let request = Request {
        reader: channel.reader_ref,
    };
    let id = sink_id(sink);
    let call = worker.call::<Receipt>(&id, &request);
    let (written, receipt) = tokio::join!(write(channel.writer, data, rng), call);
    written.map_err(|error| kind("write", &error))?;
    receipt.map_err(|error| kind("call", &error))
}

async fn write(
    mut writer: ChannelWriter,
    mut data: Bytes,
    rng: &mut Rng,
) -> Result<(), WriteError> {
    let hash = xxh3_64(&data);
    while !data.is_empty() {
        let piece = data.split_to(rng.usize(1..=PIECE).min(data.len()));
        writer.write(piece).await?;
    }
    writer.send_message(format!("{hash:016x}")).await?;
    writer.close().await
}

/// Shortens an error to words for the table, without details that vary.
pub(super) fn kind(what: &str, error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        told = format!("{told}: {cause}");
        source = cause.source();
    }
    // Ids of workers, channels and functions are hexadecimal, or contain numbers.
    let words = told.split(' ').map(|word| {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        if digits > 1 { "*" } else { word }
    });
    format!("{what}: {}", words.collect::<Vec<_>>().join(" "))
}
