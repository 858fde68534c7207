use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;

use super::{Host, Listener, Refused};

/// The key of every handshake; its value does not matter.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// A connection after its handshake.
pub(crate) struct Socket {
    pub(crate) listener: Listener,
    pub(crate) sender: OwnedWriteHalf,
    /// The header section of the engine's response.
    pub(crate) answer: String,
}

impl Socket {
    /// Connects and performs the handshake; `headers` are lines with their ends.
    pub(crate) async fn open(host: &Host, path: &str, headers: &str) -> Result<Self, Refused> {
        let stream = host.dial().await?;
        stream.set_nodelay(true)?;
        let (mut reader, mut sender) = stream.into_split();
        let name = host.name();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {name}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{headers}\r\n"
        );
        sender.write_all(request.as_bytes()).await?;
        let mut read = BytesMut::with_capacity(512);
        let end = loop {
            if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if reader.read_buf(&mut read).await? == 0 {
                return Err(Refused::Closed);
            }
        };
        let answer = String::from_utf8_lossy(&read.split_to(end)).into_owned();
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
        match status {
            Some(101) => Ok(Self {
                listener: Listener::new(reader, read),
                sender,
                answer,
            }),
            Some(status) => Err(Refused::Status(status)),
            None => Err(Refused::Closed),
        }
    }
}
