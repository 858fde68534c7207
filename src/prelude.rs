//! What most users import at once: `use pipewright::prelude::*;`.
//!
//! Traits are here where their methods are needed; `Serialize` and `Deserialize` are those of
//! serde, whose derives need the crate `serde` beside this one.

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
pub use crate::worker::{RegistrationExt, Worker};
