use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncReadExt;
use tokio::net::tcp::OwnedReadHalf;

/// Number of bytes to read at once.
const READ: usize = 64 << 10;

/// The receiving half of a connection.
pub(crate) struct Listener {
    reader: OwnedReadHalf,
    read: BytesMut,
}

/// What the engine sent.
pub(crate) enum Heard {
    /// A text or binary frame.
    Frame(Bytes),
    /// The engine has closed with this code.
    Closed(Option<u16>),
    /// A ping or a pong.
    Sign,
}

impl Listener {
    pub(super) fn new(reader: OwnedReadHalf, read: BytesMut) -> Self {
        Self { reader, read }
    }

    /// The next frame; a connection that ends without a close is an error.
    pub(crate) async fn next(&mut self) -> io::Result<Heard> {
        loop {
            if let Some(heard) = self.take() {
                return Ok(heard);
            }
            self.read.reserve(READ);
            if self.reader.read_buf(&mut self.read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Why the engine ends the connection, in words for the table.
    pub(crate) async fn ended(&mut self) -> String {
        loop {
            match self.next().await {
                Ok(Heard::Closed(Some(code))) => return format!("closed {code}"),
                Ok(Heard::Closed(None)) => return "closed".to_owned(),
                Ok(Heard::Frame(_) | Heard::Sign) => {}
                Err(_) => return "cut off".to_owned(),
            }
        }
    }

    /// A complete frame (RFC 6455 §5.2); a server's is not masked.
    fn take(&mut self) -> Option<Heard> {
        let [first, second, ..] = self.read[..] else {
            return None;
        };
        let (size, len) = match second & 0x7F {
            126 => (
                4,
                u64::from(u16::from_be_bytes(*self.read.get(2..)?.first_chunk()?)),
            ),
            127 => (10, u64::from_be_bytes(*self.read.get(2..)?.first_chunk()?)),
            len => (2, u64::from(len)),
        };
        let len = usize::try_from(len).ok()?;
        if self.read.len() < size + len {
            return None;
        }
        self.read.advance(size);
        let payload = self.read.split_to(len).freeze();
        Some(match first & 0x0F {
            8 => Heard::Closed(payload.first_chunk().map(|code| u16::from_be_bytes(*code))),
            9 | 10 => Heard::Sign,
            _ => Heard::Frame(payload),
        })
    }
}
