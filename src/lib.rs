//! Typed streaming pipelines over WebSocket channels.

mod channel;
mod codec;
#[cfg(feature = "engine")]
mod embedded;
#[cfg(feature = "engine")]
mod engine;
mod error;
mod pipeline;
mod stage;
mod transport;
mod wire;
mod worker;

#[cfg(feature = "engine")]
pub use engine::{Engine, EngineBuilder, EngineError, EngineStats};

pub mod format {
    //! How items become bytes: the formats of a typed channel, and the traits to write one.
    //!
    //! | format | on the wire | items | described by | readers |
    //! |---|---|---|---|---|
    //! | [`Json`] | a JSON value a line | any | itself | every language, every shell tool |
    //! | [`Lines`] | a line | `String` | - | every language, every shell tool |
    //! | [`Raw`] | bytes, no borders | `Bytes` | - | all |
    //! | [`Bincode`] | length and fields | any | a shape in the header | Rust |
    //! | <a id="postcard"></a>`Postcard` | length and fields | any | a shape in the header | Rust, and where postcard is known |
    //! | <a id="messagepack"></a>`MessagePack` | length and value | any | itself | most languages |
    //! | [`TokioCodec`] | what the codec says | the codec's | - | who knows the codec |
    //!
    //! `Postcard` and `MessagePack` come with the features `postcard` and `messagepack`.

    #[cfg(feature = "messagepack")]
    pub use crate::codec::MessagePack;
    #[cfg(feature = "postcard")]
    pub use crate::codec::Postcard;
    pub use crate::codec::{
        Bincode, Compression, Decode, Decoded, Encode, EncodeError, Format, FormatError,
        ItemLimits, Json, Lines, NamedCodec, Raw, TokioCodec,
    };
}

pub use channel::{
    BadItem, ByteChannel, ByteReader, ByteWriter, Channel, ChannelReader, ChannelWriter, Event,
    Events, FrameSink, FrameStream, Messages, ReadError, ReaderRef, ReceiveError, Receiver,
    SendError, Sender, StreamReport, Verdict, WriteError, WriterRef,
};
pub use error::{Error, Result};
pub mod part {
    //! What pipelines and runs are made of, for signatures that name them.
    //!
    //! ```
    //! use pipewright::{Pipeline, part::Segment};
    //!
    //! fn numbers() -> Pipeline<impl Segment<Out = u32>> {
    //!     Pipeline::from_iter(1..=3)
    //! }
    //! # numbers();
    //! ```

    pub use crate::pipeline::{
        Broadcast, Bytes, ChannelRun, Composed, Consumed, Decoded, Encoded, Inlet, LocalRun, Merged,
        Produced, RunSource, Segment, Source, Then,
    };
}

pub use pipeline::{Compose, Pipeline, Run, RunError, RunReport, StageSummary};
pub use stage::{
    Configured, Consumer, Producer, Remote, Service, Stage, StageContext, StageError, StageExt,
    StageReport, StageRequest, remote,
};
pub use transport::{Address, ConnectError};
pub use wire::{
    Abort, AccessKey, Direction, EngineUrl, ErrorBody, FoundRef, Frame, Header, InvalidUrl,
    MAX_FRAME, Payload, Progress, StreamChannelRef, Text, find_refs,
};
pub use worker::{
    Backoff, CallError, Closed, ConnectionState, FunctionBuilder, FunctionError, FunctionOutput,
    Handler, Invocation, RegisterError, Rejection, ShutdownError, Trigger, Worker, WorkerBuilder,
};

/// For the code that `#[pipeline_stage]` makes; no part of the API.
#[doc(hidden)]
pub mod __private {
    pub use ::bytes::Bytes;
    pub use ::futures::future::BoxFuture;
    pub use ::futures::{FutureExt, Stream};

    pub use crate::stage::{
        Applied, ByteStage, Ends, Flow, ItemRun, ItemStage, Iter, Outputs, StreamStage, Streamed,
        bytes, items, streams,
    };
}
