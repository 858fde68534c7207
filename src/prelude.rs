//! What most users import at once: `use pipewright::prelude::*;`.
//!
//! Traits are here where their methods are needed; `Serialize` and `Deserialize` are those of
//! serde, whose derives need the crate `serde` beside this one.

pub use serde::{Deserialize, Serialize};

#[cfg(feature = "macros")]
pub use crate::pipeline_stage;
pub use crate::{
    Channel, ChannelReader, ChannelWriter, Compose, Error, Event, Frame, Pipeline, ReaderRef,
    Receiver, Result, Sender, StageContext, StageExt, Worker, WriterRef, remote,
};
