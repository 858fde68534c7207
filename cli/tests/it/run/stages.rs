//! The stages of these tests.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use async_compression::tokio::bufread::{GzipDecoder, GzipEncoder};
use pipewright::format::{Json, Lines};
use pipewright::{ChannelReader, ChannelWriter, Receiver, Result, Sender, Worker, pipeline_stage};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;

#[pipeline_stage(id = "bytes::copy")]
async fn copy(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    while let Some(bytes) = input.next_bytes().await? {
        output.write(bytes).await?;
        // Forwards whatever has arrived, however little it is.
        output.flush().await?;
    }
    Ok(())
}

/// Sends a message that controls a terminal, before the first bytes.
#[pipeline_stage(id = "bytes::says")]
async fn says(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    output
        .send_message("\u{1b}[2Jcleared\nerror: forged")
        .await?;
    while let Some(bytes) = input.next_bytes().await? {
        output.write(bytes).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "bytes::gzip")]
async fn gzip(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    tokio::io::copy(&mut GzipEncoder::new(&mut input), &mut output).await?;
    Ok(())
}

#[pipeline_stage(id = "bytes::gunzip")]
async fn gunzip(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    tokio::io::copy(&mut GzipDecoder::new(&mut input), &mut output).await?;
    Ok(())
}

/// Outputs the first bytes, and then reads nothing more.
#[pipeline_stage(id = "bytes::head")]
async fn head(mut input: ChannelReader, mut output: ChannelWriter, params: First) -> Result<()> {
    let mut left = params.bytes;
    while let Some(mut bytes) = input.next_bytes().await? {
        bytes.truncate(left);
        left -= bytes.len();
        output.write(bytes).await?;
        if left == 0 {
            break;
        }
    }
    output.shutdown().await?;
    Ok(())
}

#[derive(Deserialize)]
struct First {
    bytes: usize,
}

/// Fails at the word `poison`.
#[pipeline_stage(id = "text::sound", input = Lines, output = Lines)]
fn sound(line: String) -> Result<String> {
    if line == "poison" {
        return Err(pipewright::Error::msg("the line is poison"));
    }
    Ok(line)
}

#[derive(Deserialize, Serialize)]
struct Numbered {
    n: u64,
}

#[pipeline_stage(id = "json::numbers", output = Lines)]
fn numbers(item: Numbered) -> String {
    item.n.to_string()
}

/// Prefixes each line.
#[pipeline_stage(id = "text::label", input = Lines, output = Lines)]
fn label(line: String, params: &Label) -> String {
    format!("{}{line}", params.with)
}

#[derive(Deserialize)]
struct Label {
    with: String,
}

#[derive(Deserialize, Serialize)]
struct Keyed {
    k: String,
}

/// The key of each item, and the number of items with this key so far.
#[pipeline_stage(id = "json::ranks")]
fn ranks(item: Keyed, seen: &mut HashMap<String, u64>) -> (String, u64) {
    let rank = seen.entry(item.k.clone()).or_default();
    *rank += 1;
    (item.k, *rank)
}

/// Fails the first time that it is used.
#[pipeline_stage(id = "text::later", input = Lines, output = Lines)]
fn later(line: String) -> Result<String> {
    static USED: AtomicBool = AtomicBool::new(false);
    if USED.swap(true, SeqCst) {
        Ok(line)
    } else {
        Err(pipewright::Error::msg("not yet"))
    }
}

/// Text in the default format.
#[pipeline_stage(id = "text::upper")]
fn upper(text: String) -> String {
    text.to_uppercase()
}

/// Reads nothing and never ends.
#[pipeline_stage(id = "text::hang")]
async fn hang(input: Receiver<String, Lines>, output: Sender<String, Json>) -> Result<()> {
    let _held = (input, output);
    std::future::pending().await
}

/// Registers all stages.
pub(super) fn register(worker: &Worker) {
    worker.register(copy).unwrap();
    worker.register(says).unwrap();
    worker.register(gzip).unwrap();
    worker.register(gunzip).unwrap();
    worker.register(head).unwrap();
    worker.register(sound).unwrap();
    worker.register(numbers).unwrap();
    worker.register(label).unwrap();
    worker.register(ranks).unwrap();
    worker.register(later).unwrap();
    worker.register(hang).unwrap();
    worker.register(upper).unwrap();
}
