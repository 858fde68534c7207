//! Typed streaming pipelines over WebSocket channels.

mod channel;
mod codec;
#[cfg(feature = "engine")]
mod engine;
mod transport;
mod wire;
mod worker;

#[cfg(feature = "engine")]
pub use engine::{Engine, EngineBuilder};
pub mod format {
    //! How items become bytes: the formats of a typed channel, and the traits to write one.

    pub use crate::codec::{
        Bincode, Decode, Decoded, Encode, EncodeError, Format, FormatError, ItemLimits, Json,
        Lines, Raw,
    };
}

pub use channel::{
    ByteChannel, ByteReader, ByteWriter, ChannelReader, ChannelWriter, FrameSink, FrameStream,
    Messages, ReadError, StreamReport, Verdict, WriteError,
};
pub use transport::{Address, ConnectError};
pub use wire::{
    Abort, AccessKey, Direction, EngineUrl, ErrorBody, FoundRef, Frame, Header, InvalidUrl,
    MAX_FRAME, Payload, Progress, StreamChannelRef, Text, find_refs,
};
pub use worker::Worker;
