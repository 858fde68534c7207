//! What the fuzz targets in `fuzz/` need of what is private, told in what is public. Compiled for
//! them alone, by `--cfg fuzzing`, and no part of the API.

use std::future::poll_fn;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::channel::{ChannelReader, Link};
use crate::transport::{Memory, PipeLimits, Received, Transport, WebSocket, WebSocketLimits, pipe};
use crate::wire::{
    ChannelQuery, Close, ControlMessage, EngineUrl, Frame, InBand, StreamChannelRef, Text,
};

/// A control message, read and written again; `None` if it cannot be read.
pub fn recode_control(json: &str) -> Option<Text> {
    let message = ControlMessage::decode(json).ok()?;
    Some(message.encode().expect("what was read can be written"))
}

/// A message of the stream protocol, read and written again; `None` if it is the user's or broken.
pub fn recode_in_band(text: &str) -> Option<Text> {
    Some(InBand::parse(text)?.ok()?.encode())
}

/// The URL that opens the end of a channel, its key included.
pub fn channel_url(engine: &EngineUrl, channel_ref: &StreamChannelRef) -> String {
    engine.channel(channel_ref).expose().to_owned()
}

/// What an engine reads out of path and query of a request; `None` if it refuses it.
pub fn channel_query(path: &str, query: &str) -> Option<StreamChannelRef> {
    let query = ChannelQuery::parse(path, query)?.ok()?;
    Some(StreamChannelRef {
        channel_id: query.channel_id,
        access_key: query.access_key,
        direction: query.direction,
    })
}

/// Reads a stream of these frames, whose writer has closed it.
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
    /// By a close frame, with its code and reason.
    Closed(Option<u16>, String),
    /// Without one, or because a rule was broken; says which.
    Lost(String),
}

/// Reads what a client writes into a WebSocket connection after its handshake, as a server that
/// takes `limit` bytes a frame and twice as much a message.
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
