//! One step of a pipeline: a function that receives a stream, transforms it and sends the result.
//!
//! Pipelines compose [`Stage`]s, and workers register [`Service`]s. Most stages are functions with
//! `#[pipeline_stage]`, which implements `Stage` through one of these traits:
//!
//! | argument of the function | trait | executed by |
//! |---|---|---|
//! | an item | [`ItemStage`] | [`items`] |
//! | `Receiver` and `Sender` | [`StreamStage`] | [`streams`] |
//! | a batch of items | [`StreamStage`], [`Consumer`] | [`batches`] |
//! | `ChannelReader` and `ChannelWriter` | [`ByteStage`] | [`bytes`] |
//! | only a `Sender` | [`Producer`] | - |
//! | only a `Receiver` | [`Consumer`] | - |

pub mod batches;
pub mod bytes;
mod consumer;
mod definition;
mod error;
mod execution;
mod extension;
mod failure;
mod fan;
mod fused;
mod held;
pub mod items;
mod operators;
mod policy;
mod producer;
mod remote;
mod serve_stream;
mod service;
mod shutdown;
#[allow(clippy::module_inception)]
mod stage;
pub mod streams;

pub use bytes::ByteStage;
pub use consumer::Consumer;
pub use definition::bounds::Reads;
pub use definition::configured::Configured;
pub use definition::facts::{Placement, StageFacts};
pub use definition::finished::Finished;
pub use definition::id::default_id;
pub use definition::info::{StageInfo, StageKind, StreamInfo};
pub(crate) use definition::into_stage::AsValue;
pub use definition::into_stage::IntoStage;
pub use definition::order::KeepsOrder;
pub(crate) use definition::order::{check_order, unordered};
pub use definition::params::{Given, Params};
pub use definition::part::Part;
pub use definition::renamed::Renamed;
pub use definition::resources::{ResourceList, WithResources};
pub use definition::shape::{AnyShape, Many, ResultOf, Shape, TakesEnd};
pub use error::StageError;
pub use execution::blocking::blocking;
pub use execution::context::StageContext;
pub(crate) use execution::control::Control;
pub use execution::ends::Ends;
pub(crate) use execution::forward::{forward, recode};
pub(crate) use execution::grace::GRACE;
pub use execution::report::StageReport;
pub(crate) use execution::report::all_verified;
pub use extension::StageExt;
pub use failure::Failure;
pub(crate) use fan::{FanIn, Open, Order, Route, fan_out, serve_fan_in, serve_fan_out};
pub(crate) use fused::catch_panic::CatchPanic;
pub use fused::flow::Flow;
pub(crate) use fused::flow::Incoming;
pub(crate) use fused::format_checked::FormatChecked;
pub(crate) use fused::local_stats::{Counted, End, LocalStats, PartIndex};
pub use fused::outputs::{Iter, Lazy, Outputs};
pub(crate) use fused::panic_context::with_panic_context;
pub use items::{Applied, ItemRun, ItemStage};
pub(crate) use operators::{
    Batch, Both, ByTime, Calls, Debounce, Each, Fold, Lookup, LookupCalls, Step, Throttle,
    WithinTable, Zip, fuse_operator, fuse_pair, serve_operator, serve_pair,
};
pub use operators::{JoinWithin, Operator, Pairing, Window, Windowed};
pub use policy::{
    DeadLetter, DeadLetters, ErrorHandling, ItemStageExt, Limited, OnError, Policy, Retried, Retry,
    ToDeadLetters,
};
pub use producer::Producer;
pub(crate) use remote::cancel::{RemoteCancel, free, no_output_of};
pub(crate) use remote::remote_stage::trigger as trigger_stage;
pub use remote::remote_stage::{Remote, remote};
pub use remote::request::StageRequest;
pub use service::Service;
pub(crate) use shutdown::{end_with_worker, tell_of_shutdown};
pub use stage::Stage;
pub use streams::StreamStage;
