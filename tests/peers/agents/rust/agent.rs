//! The functions every agent has (see ../../README.md), on the SDK that `crate::sdk` names.

use std::future::{Future, pending};
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::RngCore;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sdk::channel::{ChannelReader, ChannelWriter, StreamChannelRef};
use crate::sdk::helpers::create_channel;
use crate::sdk::{Error, IIIClient, InitOptions, RegisterFunction, register_worker};
use crate::tally::Tally;
use crate::{call, faults};

/// Timeout of a call that the suite requested; the suite has shorter timeouts of its own.
pub(crate) const CALL_MS: u64 = 60_000;

#[derive(Deserialize)]
struct Writing {
    #[serde(rename = "writerRef")]
    writer: StreamChannelRef,
    bytes: usize,
    piece: usize,
    messages: usize,
    pause_ms: u64,
}

#[derive(Deserialize)]
struct Reading {
    #[serde(rename = "readerRef")]
    reader: StreamChannelRef,
    pause_ms: u64,
}

#[derive(Deserialize)]
struct Relay {
    #[serde(rename = "readerRef")]
    reader: StreamChannelRef,
    #[serde(rename = "writerRef")]
    writer: StreamChannelRef,
}

#[derive(Deserialize)]
struct Call {
    function: String,
    payload: Value,
}

/// Registers everything, notifies the suite, and serves until the suite ends.
pub(crate) async fn serve() {
    let [name, ready] = [1, 2].map(|n| std::env::args().nth(n).expect("name and function"));
    let url = std::env::var("III_URL").expect("III_URL");
    let agent = Agent {
        client: register_worker(&url, InitOptions::default()),
        name: name.clone(),
    };
    // Ids that the suite adds, for example one that the token does not allow.
    for id in std::env::args().skip(3) {
        let echo = RegisterFunction::new_async(async |data: Value| Ok::<_, Error>(data));
        agent.client.register_function(id, echo);
    }
    agent.register_all();
    call(&agent.client, &ready, json!(name))
        .await
        .expect("the suite is ready");
    // The suite keeps our standard input open as long as it runs.
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    ended
        .await
        .expect("reading does not panic")
        .expect("standard input is a pipe");
    std::process::exit(0);
}

pub(crate) struct Agent {
    client: IIIClient,
    name: String,
}

impl Agent {
    fn register_all(&self) {
        self.register("echo", async |_, data| Ok(data));
        self.register("fail", async |_, data| {
            Err(Error::Handler(
                data["message"].as_str().unwrap_or_default().to_owned(),
            ))
        });
        self.register("call", async |client, data| {
            let Call { function, payload } = parse(data)?;
            Ok(match call(&client, &function, payload).await {
                Ok(result) => json!({ "ok": result }),
                Err(Error::Remote { code, message, .. }) => {
                    json!({ "error": { "code": code, "message": message } })
                }
                Err(other) => json!({ "error": { "code": "", "message": other.to_string() } }),
            })
        });
        self.register("create", async |client, data| {
            let buffer_size = data["buffer_size"]
                .as_u64()
                .and_then(|size| usize::try_from(size).ok());
            let channel = create_channel(&client, buffer_size).await?;
            Ok(json!({ "readerRef": channel.reader_ref, "writerRef": channel.writer_ref }))
        });
        self.register("nested", async |client, data| {
            let job = &data["job"];
            let (reader, writer) = (&job["inputs"][0], &job["output"]["deep"]["to"]);
            relay(client, json!({ "readerRef": reader, "writerRef": writer })).await
        });
        self.register("write", async |client, data| {
            let (writer, tally) = fill(&client, data).await?;
            writer.close().await?;
            Ok(tally.report())
        });
        self.register("hold", async |client, data| {
            let (writer, _) = fill(&client, data).await?;
            writer.send_message("held").await?;
            pending().await
        });
        self.register("read", read);
        self.register("relay", relay);
        faults::register_all(self);
    }

    pub(crate) fn register<Fut>(
        &self,
        id: &str,
        handler: impl Fn(IIIClient, Value) -> Fut + Send + Sync + 'static,
    ) where
        Fut: Future<Output = Result<Value, Error>> + Send + 'static,
    {
        let client = self.client.clone();
        let id = format!("peer::{}::{id}", self.name);
        let handler = move |data: Value| handler(client.clone(), data);
        self.client
            .register_function(id, RegisterFunction::new_async(handler));
    }
}

pub(crate) fn parse<T: for<'a> Deserialize<'a>>(data: Value) -> Result<T, Error> {
    serde_json::from_value(data).map_err(|error| Error::Serde(error.to_string()))
}

/// Writes random bytes, a message before each of the first pieces.
async fn fill(client: &IIIClient, data: Value) -> Result<(ChannelWriter, Tally), Error> {
    let data: Writing = parse(data)?;
    let writer = ChannelWriter::new(client.address(), &data.writer);
    let (tally, mut left, mut number) = (Tally::default(), data.bytes, 0);
    // An empty write sends nothing, but it connects, so that an empty stream has an end.
    if left == 0 {
        writer.write(b"").await?;
    }
    while left > 0 || number < data.messages {
        if number < data.messages {
            writer.send_message(&format!("m{number}")).await?;
            tally.message(format!("m{number}"));
        }
        let mut piece = vec![0; left.min(data.piece)];
        rand::rng().fill_bytes(&mut piece);
        writer.write(&piece).await?;
        tally.data(&piece);
        left -= piece.len();
        number += 1;
        pause(data.pause_ms).await;
    }
    Ok((writer, tally))
}

/// Reads to the end, as slowly as requested.
async fn read(client: IIIClient, data: Value) -> Result<Value, Error> {
    let data: Reading = parse(data)?;
    let reader = ChannelReader::new(client.address(), &data.reader);
    let tally = Tally::default();
    let messages = tally.clone();
    reader.on_message(move |text| messages.message(text)).await;
    let error = loop {
        match reader.next_binary().await {
            Ok(Some(chunk)) => tally.data(&chunk),
            Ok(None) => break None,
            Err(error) => break Some(error.to_string()),
        }
        pause(data.pause_ms).await;
    };
    let mut report = tally.report();
    report["error"] = json!(error);
    Ok(report)
}

/// A stage that changes nothing: data and messages pass in order.
async fn relay(client: IIIClient, data: Value) -> Result<Value, Error> {
    let refs: Relay = parse(data)?;
    let reader = ChannelReader::new(client.address(), &refs.reader);
    let writer = ChannelWriter::new(client.address(), &refs.writer);
    let tally = Tally::default();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&heard);
    reader
        .on_message(move |text| {
            hear.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(text);
        })
        .await;
    loop {
        let chunk = reader.next_binary().await?;
        let messages = std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner));
        for message in messages {
            writer.send_message(&message).await?;
            tally.message(message);
        }
        let Some(chunk) = chunk else { break };
        writer.write(&chunk).await?;
        tally.data(&chunk);
    }
    // Also if nothing was written, because the stream must end for its reader.
    writer.write(b"").await?;
    writer.close().await?;
    Ok(tally.report())
}

async fn pause(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}
