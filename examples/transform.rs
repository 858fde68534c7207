//! The second of three programs: turns text into upper case. `producer` tells how to run them.
//!
//! ```console
//! $ cargo run --example transform ws://127.0.0.1:49134
//! transform is ready at ws://127.0.0.1:49134
//! ```
//!
//! It serves until it is stopped with Ctrl-C.

use std::env;

use pipewright::{
    ChannelReader, ChannelWriter, Error, Frame, Invocation, Result, StreamChannelRef, Worker,
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ends {
    reader_ref: StreamChannelRef,
    writer_ref: StreamChannelRef,
}

async fn transform(ends: Ends, invocation: Invocation) -> Result<Value> {
    let address = invocation.worker().address();
    let mut reader = ChannelReader::new(address, &ends.reader_ref);
    let mut writer = ChannelWriter::new(address, &ends.writer_ref);
    let mut lines = 0;
    while let Some(frame) = reader.next_frame().await? {
        match frame {
            Frame::Data(bytes) => {
                for byte in &bytes {
                    lines += u64::from(*byte == b'\n');
                }
                writer.write(bytes.to_ascii_uppercase()).await?;
            }
            // Messages pass, in their place among the data.
            Frame::Message(text) => writer.send_message(text).await?,
        }
    }
    writer.close().await?;
    Ok(json!({"lines": lines}))
}

#[tokio::main]
async fn main() -> Result<()> {
    let url = env::var("PIPEWRIGHT_ENGINE_URL")
        .ok()
        .or_else(|| env::args().nth(1))
        .ok_or_else(|| Error::msg("usage: transform URL"))?;
    let worker = Worker::connect(url).await?;
    worker.register_function("demo::transform", transform)?;
    println!("transform is ready at {}", worker.address());

    tokio::signal::ctrl_c().await?;
    worker.shutdown().await?;
    Ok(())
}
