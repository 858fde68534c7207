//! The items that most programs need: `use pipewright::prelude::*;`.
//!
//! It includes the traits whose methods are used. `Serialize` and `Deserialize` are serde's; their
//! derives require the crate `serde` as a dependency.

#[cfg(feature = "macros")]
pub use pipewright_macros::pipeline_stage;
pub use serde::{Deserialize, Serialize};

pub use crate::channel::{
    Channel, ChannelReader, ChannelWriter, Event, ReaderRef, Receiver, Sender, WriterRef,
};
pub use crate::error::{Error, Result};
pub use crate::pipeline::{Compose, Pipeline};
pub use crate::stage::{ItemStageExt, Policy, StageContext, StageExt, remote};
pub use crate::wire::Frame;
pub use crate::worker::{RegistrationExt, Resource, Worker};
