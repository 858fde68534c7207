//! Uses of the Rust SDK that look right and fail (docs/foreign-peers.md).

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::agent::{Agent, parse};
use crate::sdk::Error;
use crate::sdk::channel::{ChannelReader, ChannelWriter, StreamChannelRef};
use crate::sdk::helpers::extract_channel_refs;

#[derive(Deserialize)]
struct To {
    #[serde(rename = "writerRef")]
    writer: StreamChannelRef,
    bytes: usize,
}

#[derive(Deserialize)]
struct From {
    #[serde(rename = "readerRef")]
    reader: StreamChannelRef,
}

pub(crate) fn register_all(agent: &Agent) {
    // Closes an unused writer: nothing is sent.
    agent.register("never_write", async |client, data| {
        let to: To = parse(data)?;
        ChannelWriter::new(client.address(), &to.writer)
            .close()
            .await?;
        Ok(json!({ "error": null }))
    });
    // Dropped without a close, as by an error and `?`.
    agent.register("destroy", async |client, data| {
        let to: To = parse(data)?;
        let writer = ChannelWriter::new(client.address(), &to.writer);
        writer.write(&vec![b'x'; to.bytes]).await?;
        drop(writer);
        Ok(json!({ "error": null }))
    });
    // Dials the channel a second time.
    agent.register("write_after_close", async |client, data| {
        let to: To = parse(data)?;
        let writer = ChannelWriter::new(client.address(), &to.writer);
        writer.write(b"first").await?;
        writer.close().await?;
        Ok(told(writer.write(b"second").await))
    });
    // A cancelled read takes the socket with it, and the next one dials again.
    agent.register("read_after_timeout", async |client, data| {
        let from: From = parse(data)?;
        let reader = ChannelReader::new(client.address(), &from.reader);
        reader.next_binary().await?;
        let gave_up = tokio::time::timeout(Duration::from_millis(50), reader.next_binary()).await;
        let mut report = told(reader.next_binary().await);
        report["gave_up"] = json!(gave_up.is_err());
        Ok(report)
    });
    // Reads to the end; an error is reported, and so is the next read.
    agent.register("read_verdict", async |client, data| {
        let from: From = parse(data)?;
        let reader = ChannelReader::new(client.address(), &from.reader);
        let mut report = told(reader.read_all().await);
        report["again"] = told(reader.next_binary().await);
        Ok(report)
    });
    // Reads a little and leaves.
    agent.register("leave_early", async |client, data| {
        let from: From = parse(data)?;
        let reader = ChannelReader::new(client.address(), &from.reader);
        let bytes = reader.next_binary().await?.map_or(0, |chunk| chunk.len());
        Ok(json!({ "bytes": bytes }))
    });
    // Where the SDK finds refs in a payload.
    agent.register("find_refs", async |_, data| {
        let paths: Vec<String> = extract_channel_refs(&data)
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        Ok(json!(paths))
    });
}

fn told<T>(outcome: Result<T, Error>) -> Value {
    json!({ "error": outcome.err().map(|error| error.to_string()) })
}
