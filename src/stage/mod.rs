//! One step of a pipeline: a function that receives a stream, transforms it and sends the result.
//!
//! Pipelines compose [`Stage`]s, and workers register [`Service`]s. Most stages are functions with
//! `#[pipeline_stage]`, which implements `Stage` through one of these traits:
//!
//! | argument of the function | trait | executed by |
//! |---|---|---|
//! | an item | [`ItemStage`] | [`items`] |
//! | `Receiver` and `Sender` | [`StreamStage`] | [`streams`] |
//! | `ChannelReader` and `ChannelWriter` | [`ByteStage`] | [`bytes`] |
//! | only a `Sender` | [`Producer`] | - |
//! | only a `Receiver` | [`Consumer`] | - |

mod blame;
mod blocking;
mod bounds;
pub mod bytes;
mod caught;
mod conclude;
mod concurrent;
mod configured;
mod consumer;
mod context;
mod control;
mod ending;
mod ends;
mod error;
mod facts;
mod failure;
mod fan;
mod flow;
mod grace;
mod held;
mod id;
mod info;
mod into_stage;
pub mod items;
mod joined;
mod leash;
mod one_by_one;
mod operators;
mod order;
mod outputs;
mod params;
mod policy;
mod pour;
mod producer;
mod pulse;
mod registration;
mod remote;
mod renamed;
mod report;
mod request;
mod serve_stream;
mod service;
mod shape;
mod shutdown;
#[allow(clippy::module_inception)]
mod stage;
pub mod streams;
mod tally;
mod task;
mod under_way;
mod writable;

pub(crate) use blame::blaming;
pub use blocking::blocking;
pub use bounds::Reads;
pub use bytes::ByteStage;
pub(crate) use caught::Caught;
pub use configured::Configured;
pub use consumer::Consumer;
pub use context::StageContext;
pub(crate) use control::Control;
pub use ends::Ends;
pub use error::StageError;
pub use facts::{Part, StageFacts};
pub use failure::Failure;
pub(crate) use fan::{Collect, Open, Order, Route, gather, scatter, spread};
pub use flow::Flow;
pub(crate) use flow::Incoming;
pub(crate) use grace::GRACE;
pub use id::default_id;
pub use info::{StageInfo, StageKind, StreamInfo};
pub(crate) use into_stage::AsValue;
pub use into_stage::IntoStage;
pub use items::{Applied, ItemRun, ItemStage};
pub(crate) use leash::{Leash, free, silence_of};
pub(crate) use operators::{
    Batch, ByTime, Calls, Debounce, Each, Fold, Step, Throttle, fuse_operator, serve_operator,
};
pub use operators::{Operator, Window, Windowed};
pub use order::KeepsOrder;
pub(crate) use order::{check_order, unordered};
pub use outputs::{Iter, Lazy, Outputs};
pub use params::Params;
pub use policy::{
    DeadLetter, DeadLetters, Guarded, ItemStageExt, Limited, Policy, Remedy, Retried, Retry,
    ToDeadLetters,
};
pub(crate) use pour::{pour, recode};
pub use producer::Producer;
pub(crate) use remote::trigger as trigger_stage;
pub use remote::{Remote, remote};
pub use renamed::Renamed;
pub use report::StageReport;
pub(crate) use report::all_verified;
pub use request::StageRequest;
pub use service::Service;
pub use shape::{AnyShape, Many, ResultOf, Shape, TakesEnd};
pub(crate) use shutdown::{end_with_worker, tell_of_shutdown};
pub use stage::{Placement, Stage, StageExt};
pub use streams::StreamStage;
pub(crate) use tally::{Counted, End, Place, Tally};
pub(crate) use writable::Writable;
