//! Our own client as a peer: the functions every agent has.

use std::time::Duration;

use pipewright::{
    ChannelReader, ChannelWriter, Error, Frame, FunctionError, Invocation, StreamChannelRef, Worker,
};
use rand::RngCore;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::tally::Tally;

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
struct Relaying {
    #[serde(rename = "readerRef")]
    reader: StreamChannelRef,
    #[serde(rename = "writerRef")]
    writer: StreamChannelRef,
}

#[derive(Deserialize)]
struct Calling {
    function: String,
    payload: Value,
}

pub(crate) fn register(worker: &Worker, name: &str) {
    let id = |function| format!("peer::{name}::{function}");
    let registered = [
        worker.register_function(id("echo"), async |data: Value| data),
        worker.register_function(id("fail"), async |data: Value| {
            let message = data["message"].as_str().unwrap_or_default();
            Err::<(), _>(FunctionError::new("invocation_failed", message))
        }),
        worker.register_function(id("call"), async |job: Calling, invocation: Invocation| {
            match invocation
                .worker()
                .call::<Value>(job.function, &job.payload)
                .await
            {
                Ok(result) => json!({ "ok": result }),
                Err(error) => {
                    let code = error.code().unwrap_or_default();
                    json!({ "error": { "code": code, "message": error.to_string() } })
                }
            }
        }),
        worker.register_function(id("create"), async |data: Value, invocation: Invocation| {
            let size = data["buffer_size"]
                .as_u64()
                .and_then(|size| usize::try_from(size).ok());
            let channel = invocation.worker().create_channel(size).await;
            channel.map(|channel| {
                json!({ "readerRef": channel.reader_ref, "writerRef": channel.writer_ref })
            })
        }),
        worker.register_function(id("write"), async |job: Writing, invocation: Invocation| {
            write(job, invocation).await.map_err(|error| failed(&error))
        }),
        worker.register_function(id("read"), read),
        worker.register_function(
            id("relay"),
            async |refs: Relaying, invocation: Invocation| {
                relay(refs, invocation)
                    .await
                    .map_err(|error| failed(&error))
            },
        ),
        worker.register_function(id("nested"), async |data: Value, invocation: Invocation| {
            let found = pipewright::find_refs(&data);
            let at = |path: &str| {
                let found = found.iter().find(|found| found.path == path);
                found.map(|found| found.channel_ref.clone())
            };
            let (Some(reader), Some(writer)) = (at("job.inputs[0]"), at("job.output.deep.to"))
            else {
                return Err(FunctionError::new("no_refs", "the refs were not found"));
            };
            relay(Relaying { reader, writer }, invocation)
                .await
                .map_err(|error| failed(&error))
        }),
    ];
    for registered in registered {
        registered.expect("ids of their own");
    }
}

fn failed(error: &Error) -> FunctionError {
    FunctionError::new("invocation_failed", format!("{error:#}"))
}

async fn write(job: Writing, invocation: Invocation) -> Result<Value, Error> {
    let mut writer = invocation.worker().writer(&job.writer);
    let (tally, mut left, mut number) = (Tally::default(), job.bytes, 0);
    while left > 0 || number < job.messages {
        if number < job.messages {
            writer.send_message(format!("m{number}")).await?;
            tally.message(format!("m{number}"));
        }
        let mut piece = vec![0; left.min(job.piece)];
        rand::rng().fill_bytes(&mut piece);
        tally.data(&piece);
        left -= piece.len();
        number += 1;
        writer.write(piece).await?;
        if job.pause_ms > 0 {
            writer.flush().await?;
        }
        pause(job.pause_ms).await;
    }
    writer.close().await?;
    Ok(tally.report())
}

async fn read(job: Reading, invocation: Invocation) -> Value {
    let mut reader = invocation.worker().reader(&job.reader);
    let tally = Tally::default();
    let error = loop {
        match reader.next_frame().await {
            Ok(Some(frame)) => count(&tally, &frame),
            Ok(None) => break None,
            Err(error) => break Some(error.to_string()),
        }
        pause(job.pause_ms).await;
    };
    let mut report = tally.report();
    report["error"] = json!(error);
    report["verified"] = json!(reader.report().verdict.is_some_and(|v| v.is_verified()));
    report
}

async fn relay(refs: Relaying, invocation: Invocation) -> Result<Value, Error> {
    let mut reader: ChannelReader = invocation.worker().reader(&refs.reader);
    let mut writer: ChannelWriter = invocation.worker().writer(&refs.writer);
    let tally = Tally::default();
    while let Some(frame) = reader.next_frame().await? {
        count(&tally, &frame);
        writer.send_frame(frame).await?;
    }
    writer.close().await?;
    Ok(tally.report())
}

fn count(tally: &Tally, frame: &Frame) {
    match frame {
        Frame::Data(bytes) => tally.data(bytes),
        Frame::Message(text) => tally.message(text.to_string()),
    }
}

async fn pause(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}
