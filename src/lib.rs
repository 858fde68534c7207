//! Typed streaming pipelines over WebSocket channels.

mod channel;
#[cfg(feature = "engine")]
mod engine;
mod transport;
mod wire;
mod worker;

#[cfg(feature = "engine")]
pub use engine::{Engine, EngineBuilder, EngineError, EngineStats};
pub use transport::{Address, ConnectError};
pub use wire::{
    Abort, AccessKey, Direction, EngineUrl, ErrorBody, FoundRef, Frame, Header, InvalidUrl,
    MAX_FRAME, Payload, Progress, StreamChannelRef, Text, find_refs,
};
pub use worker::Worker;
