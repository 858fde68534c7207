//! Typed streaming pipelines over WebSocket channels.

mod channel;
#[cfg(feature = "engine")]
mod engine;
mod transport;
mod wire;
mod worker;

#[cfg(feature = "engine")]
pub use engine::{Engine, EngineBuilder};
pub use transport::{Address, ConnectError};
pub use wire::{
    Abort, AccessKey, Direction, EngineUrl, ErrorBody, FoundRef, Frame, Header, InvalidUrl,
    MAX_FRAME, Payload, Progress, StreamChannelRef, Text, find_refs,
};
pub use worker::{
    Backoff, CallError, Closed, ConnectionState, FunctionBuilder, FunctionError, FunctionOutput,
    Handler, Invocation, RegisterError, Rejection, ShutdownError, Trigger, Worker, WorkerBuilder,
};
