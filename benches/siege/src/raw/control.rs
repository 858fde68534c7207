use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::{Heard, Host, Opcode, Refused, Socket, frame};

/// A worker's connection.
pub(crate) struct Control {
    pub(crate) socket: Socket,
}

/// The paths of both ends of a channel.
pub(crate) struct Ends {
    pub(crate) reader: String,
    pub(crate) writer: String,
}

impl Control {
    pub(crate) async fn connect(host: &Host) -> Result<Self, Refused> {
        let socket = Socket::open(host, "/", "").await?;
        Ok(Self { socket })
    }

    /// A call as it is sent.
    pub(crate) fn invocation(number: u64, function: &str, data: &Value) -> Vec<u8> {
        let message = json!({
            "type": "invokefunction",
            "invocation_id": format!("00000000-0000-4000-8000-{number:012x}"),
            "function_id": function,
            "data": data,
        });
        frame(Opcode::Text, message.to_string())
    }

    /// A registration as it is sent.
    pub(crate) fn registration(function: &str) -> Vec<u8> {
        let message = json!({"type": "registerfunction", "id": function});
        frame(Opcode::Text, message.to_string())
    }

    /// Creates a channel with the maximum capacity in frames.
    pub(crate) async fn channel(&mut self) -> Result<Ends> {
        let data = json!({"buffer_size": 1024});
        let call = Self::invocation(0, "engine::channels::create", &data);
        self.socket.sender.write_all(&call).await?;
        loop {
            let Heard::Frame(answer) = self.socket.listener.next().await? else {
                continue;
            };
            let answer: Value = serde_json::from_slice(&answer)?;
            if answer["type"] != "invocationresult" {
                continue;
            }
            let path = |end: &Value| -> Result<String> {
                let part = |name: &str| end[name].as_str().context("a ref");
                Ok(format!(
                    "/ws/channels/{}?key={}&dir={}",
                    part("channel_id")?,
                    part("access_key")?,
                    part("direction")?
                ))
            };
            if let Some(error) = answer["error"]["code"].as_str() {
                bail!("no channel: {error}");
            }
            return Ok(Ends {
                reader: path(&answer["result"]["reader"])?,
                writer: path(&answer["result"]["writer"])?,
            });
        }
    }
}
