//! Access to private items for the fuzz targets in `fuzz/`. Compiled with `--cfg fuzzing` only; not
//! part of the API.

use std::future::poll_fn;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::channel::{ChannelReader, Link};
use crate::transport::{Memory, PipeLimits, Received, Transport, WebSocket, WebSocketLimits, pipe};
use crate::wire::{
    ChannelQuery, Close, ControlMessage, EngineUrl, Frame, InBand, StreamChannelRef, Text,
};

/// Decodes and encodes a control message; `None` if it is invalid.
pub fn recode_control(json: &str) -> Option<Text> {
    let message = ControlMessage::decode(json).ok()?;
    Some(message.encode().expect("what was read can be written"))
}

/// Decodes and encodes a message of the stream protocol; `None` if it is a user's message or
/// invalid.
pub fn recode_in_band(text: &str) -> Option<Text> {
    Some(InBand::parse(text)?.ok()?.encode())
}

/// The URL that opens the end of a channel, including its key.
pub fn channel_url(engine: &EngineUrl, channel_ref: &StreamChannelRef) -> String {
    engine.channel(channel_ref).expose().to_owned()
}

/// Parses path and query of a request as an engine does; `None` if the engine would refuse it.
pub fn channel_query(path: &str, query: &str) -> Option<StreamChannelRef> {
    let query = ChannelQuery::parse(path, query)?.ok()?;
    Some(StreamChannelRef {
        channel_id: query.channel_id,
        access_key: query.access_key,
        direction: query.direction,
    })
}

/// Reads a stream of these frames, which its writer then closes.
pub fn stream(frames: impl IntoIterator<Item = Frame>) -> ChannelReader {
    let (mut writer, reader) = pipe(PipeLimits {
        frames: usize::MAX,
        bytes: usize::MAX,
    });
    for frame in frames {
        writer.push(frame);
    }
    writer.end(Close::NORMAL);
    ChannelReader::over(Link::Open(Box::new(Memory::reader(reader))))
}

/// How a WebSocket connection ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// With a close frame: its code and reason.
    Closed(Option<u16>, String),
    /// Without a close frame, or by a protocol violation; the text states which.
    Lost(String),
}

/// Reads a client's WebSocket frames after the handshake, as a server that accepts `limit` bytes
/// per frame and twice as many per message.
pub async fn read_frames<S>(stream: S, limit: usize) -> (Vec<Frame>, End)
where
    S: AsyncRead + AsyncWrite + Send + Sync + Unpin,
{
    let limits = WebSocketLimits {
        frame: limit,
        message: 2 * limit,
        read_buffer: 4096,
    };
    let mut socket = WebSocket::accepted(stream, Bytes::new(), limits);
    let mut frames = Vec::new();
    loop {
        match poll_fn(|cx| socket.poll_receive(cx)).await {
            Received::Frame(frame) => frames.push(frame),
            Received::Pong => {}
            Received::Closed(close) => {
                return (frames, End::Closed(close.code, close.reason.into_owned()));
            }
            Received::Lost(error) => return (frames, End::Lost(error.to_string())),
        }
    }
}
