//! Typed streaming pipelines over WebSocket channels.
//!
//! A *worker* registers functions with an *engine* and calls functions of other workers. A
//! *channel* is a one-way stream from one writer to one reader. Each end is opened with a small
//! *ref*, which can be sent in the payload of a call, so writer and reader may run in other tasks,
//! processes and languages. A *stage* reads one channel and writes another; a *pipeline* composes
//! stages and runs them.
//!
//! Every stream ends in exactly one [`Verdict`]. *Complete* means that the reader has received and
//! verified every byte that the writer accepted. If the writer sends no totals, the verdict is
//! *complete, unverified*. Every other verdict is an error.
//!
//! # Example
//!
//! ```
//! # #[cfg(all(feature = "engine", feature = "macros"))]
//! # mod example {
//! use pipewright::prelude::*;
//!
//! #[pipeline_stage]
//! fn words(line: String) -> Vec<String> {
//!     line.split_whitespace().map(String::from).collect()
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # pub async fn main() -> Result<()> {
//! let worker = Worker::embedded().await?; // or Worker::connect("ws://127.0.0.1:49134")
//! let lines = ["to be", "or not to be"].map(String::from);
//! let run = Pipeline::from_iter(lines).then(words).start(&worker).await?;
//! let words: Vec<String> = run.collect().await?;
//! assert_eq!(words.join(" "), "to be or not to be");
//! # Ok(())
//! # }
//! # }
//! # #[cfg(all(feature = "engine", feature = "macros"))]
//! # fn main() { example::main().unwrap() }
//! # #[cfg(not(all(feature = "engine", feature = "macros")))]
//! # fn main() {}
//! ```
//!
//! # Where to start
//!
//! | task | start with |
//! |---|---|
//! | connect, register functions, call them | [`Worker`] |
//! | move bytes | [`ChannelWriter`], [`ChannelReader`], [`Worker::create_channel`] |
//! | move typed items | [`Channel`], [`Sender`], [`Receiver`], [`format`](mod@format) |
//! | write a stage | [`pipeline_stage`](macro@pipeline_stage), [`StageContext`] |
//! | compose and run stages | [`Pipeline`], [`Run`], [`RunReport`] |
//! | handle failing items | [`Policy`], [`DeadLetters`] |
//! | embed an engine | [`Worker::embedded`], [`Engine`] |
//! | test stages, inject faults | [`testing`] |
//!
//! # Cargo features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `engine` | yes | the embedded engine: [`Worker::embedded`], [`Engine`] |
//! | `macros` | yes | the attribute [`pipeline_stage`](macro@pipeline_stage) |
//! | `tls` | yes | `wss://` addresses |
//! | `messagepack`, `postcard` | no | further formats |
//! | `zstd`, `lz4` | no | compression of a stream |
//! | `otel` | no | spans continue those of OpenTelemetry, across workers |
//! | `files` | no | files as sources and sinks of pipelines: `files` |
//! | `testing` | no | fault injection for tests: `testing::faults` |
//!
//! With `default-features = false` the crate contains only the client. The program `pipewright` is
//! the package [`pipewright-cli`](https://docs.rs/pipewright-cli).
//!
//! # Cancel safety
//!
//! Every async method documents what happens when its future is dropped. Dropping a future never
//! loses accepted data and never sends anything twice.

// docs.rs shows at each item which feature it requires.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod channel;
mod codec;
#[cfg(feature = "engine")]
mod embedded;
#[cfg(feature = "engine")]
mod engine;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod pipeline;
pub mod prelude;
mod stage;
mod sync;
pub mod testing;
#[cfg_attr(
    not(feature = "engine"),
    allow(dead_code, unused_imports, reason = "the engine's half of it")
)]
mod transport;
#[cfg_attr(
    not(feature = "engine"),
    allow(dead_code, unused_imports, reason = "the engine's half of it")
)]
mod wire;
mod worker;

#[cfg(feature = "engine")]
pub use engine::{Engine, EngineBuilder, EngineError, EngineStats, Role};

#[cfg(feature = "files")]
pub mod files {
    //! Files as sources and sinks of pipelines; the feature `files`.
    //!
    //! | item | purpose |
    //! |---|---|
    //! | [`FileLines`] | the lines of files, by name or pattern, including `.gz` and `.zst` |
    //! | [`FollowFile`] | the lines of a growing file, including across rotation |
    //! | [`LongLines`] | how lines beyond the limit are handled |
    //! | [`AtomicFile`] | a file that appears under its name only when it is complete |

    pub use crate::pipeline::files::{
        AtomicFile, FileLines, FollowFile, IntoLines, LineSource, LongLines,
    };
}

pub mod format {
    //! How items are converted to bytes: the formats of typed channels, and the traits to implement
    //! one.
    //!
    //! | format | encoding | items | schema | readable by |
    //! |---|---|---|---|---|
    //! | [`Json`] | one JSON value per line | any | self-describing | every language, every shell tool |
    //! | [`Lines`] | one line | `String` | - | every language, every shell tool |
    //! | [`Raw`] | bytes without boundaries | `Bytes` | - | everything |
    //! | [`Bincode`] | length and fields | any | a shape in the header | Rust |
    //! | <a id="postcard"></a>`Postcard` | length and fields | any | a shape in the header | Rust, and other implementations of postcard |
    //! | <a id="messagepack"></a>`MessagePack` | length and value | any | self-describing | most languages |
    //! | [`TokioCodec`] | defined by the codec | the codec's | - | users of the codec |
    //!
    //! `Postcard` and `MessagePack` require the features `postcard` and `messagepack`.

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
    BadItem, BlockingReader, BlockingWriter, ByteChannel, ByteDuplex, ByteReader, ByteStream,
    ByteWriter, Channel, ChannelReader, ChannelWriter, Event, Events, FrameSink, FrameStream,
    Messages, Permit, ReadError, ReaderRef, ReceiveError, Receiver, SendError, Sender,
    StreamReport, TryRecvError, TrySendError, Verdict, WriteError, WriterRef,
};
pub use error::{Error, Result};
pub use pipeline::{Compose, DrainHandle, Pipeline, Run, RunError, RunReport, StageSummary};
#[cfg(feature = "macros")]
#[doc = include_str!("stage/pipeline_stage.md")]
pub use pipewright_macros::pipeline_stage;
pub use stage::{
    Configured, Consumer, DeadLetter, DeadLetters, ErrorHandling, IntoStage, ItemStageExt,
    JoinWithin, Limited, OnError, Policy, Producer, Remote, Renamed, Retried, Service, Stage,
    StageContext, StageError, StageExt, StageInfo, StageKind, StageReport, StageRequest,
    StreamInfo, ToDeadLetters, Window, Windowed, remote,
};
pub use transport::{Address, ConnectError};
pub use wire::{
    Abort, AccessKey, Direction, Distribution, EngineUrl, ErrorBody, FoundRef, Frame, Header,
    InvalidUrl, MAX_FRAME, Payload, Progress, StreamChannelRef, Text, find_refs,
};
pub use worker::{
    Backoff, CallError, Closed, ConnectionState, FunctionBuilder, FunctionError, FunctionOutput,
    Handler, Invocation, RegisterError, Registered, Registration, RegistrationExt, Rejection,
    Resource, ServeError, ShutdownError, StreamMetrics, Trigger, Worker, WorkerBuilder,
    WorkerMetrics,
};

/// Runs the code of the README and of each page of the guide.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("../docs/guide/first-worker.md")]
    mod first_worker {}
    #[doc = include_str!("../docs/guide/typed-channels.md")]
    mod typed_channels {}
    #[doc = include_str!("../docs/guide/stages.md")]
    mod stages {}
    #[doc = include_str!("../docs/guide/pipelines.md")]
    mod pipelines {}
    #[doc = include_str!("../docs/guide/operators.md")]
    mod operators {}
    #[cfg(feature = "files")]
    #[doc = include_str!("../docs/guide/files.md")]
    mod files {}
    #[doc = include_str!("../docs/guide/formats.md")]
    mod formats {}
    #[doc = include_str!("../docs/guide/errors.md")]
    mod errors {}
    #[doc = include_str!("../docs/guide/deployment.md")]
    mod deployment {}
}

/// Used by the code that `#[pipeline_stage]` generates; not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use crate::stage::Reads;
    pub use ::bytes::Bytes;
    pub use ::futures::Stream;
    pub use ::futures::future::BoxFuture;
    pub use ::futures::stream::empty;

    pub use crate::channel::Signal;
    pub use crate::stage::{
        AnyShape, Applied, ByteStage, Ends, Failure, Finished, Flow, Given, ItemRun, ItemStage,
        Iter, KeepsOrder, Lazy, Many, Outputs, Params, Part, Placement, ResourceList, ResultOf,
        Retry, Shape, StageFacts, StreamStage, TakesEnd, WithResources, batches, blocking, bytes,
        default_id, items, streams,
    };
    pub use crate::worker::ResourceType;
}
