use serde::Serialize;

use super::{Consumer, Producer, Stage};
use crate::channel::short_name;
use crate::codec::Format;

/// What a stage tells of itself where it is registered, so that an engine's list of functions
/// shows which are stages and what goes in and out.
///
/// It travels as the metadata of the function: `docs/protocol.md` section 10.2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StageInfo {
    /// The version of the stream protocol that its streams speak.
    pub pipewright: u8,
    /// What it is.
    pub kind: StageKind,
    /// What comes in; `None` for a producer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<StreamInfo>,
    /// What goes out; `None` for a consumer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<StreamInfo>,
    /// Whether it gives its outputs in the order of their items and passes on the messages of the
    /// stream protocol, so that copies of it can keep the order of a stream:
    /// [`Pipeline::parallel_ordered`](crate::Pipeline::parallel_ordered).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keeps_order: bool,
    /// What it does, for people. It travels as the description of the function.
    #[serde(skip)]
    pub description: Option<String>,
}

/// Which ends of channels a stage needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum StageKind {
    /// Reads one channel and writes another.
    Stage,
    /// Writes a channel.
    Producer,
    /// Reads a channel.
    Consumer,
}

/// A stream that a stage reads or writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StreamInfo {
    /// The name of its format, such as `ndjson`.
    pub format: String,
    /// The name of its items' type; `None` where there are bytes and no items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
}

impl StageInfo {
    /// What the types of a stage tell, for a [`Service`](super::Service) that is written by hand.
    pub fn of_stage<S: Stage>() -> Self {
        let input = StreamInfo::of::<S::In, S::InFormat>();
        let output = StreamInfo::of::<S::Out, S::OutFormat>();
        Self::new(StageKind::Stage, Some(input), Some(output))
    }

    /// What the types of a producer tell.
    pub fn of_producer<P: Producer>() -> Self {
        let output = StreamInfo::of::<P::Out, P::Format>();
        Self::new(StageKind::Producer, None, Some(output))
    }

    /// What the types of a consumer tell.
    pub fn of_consumer<C: Consumer>() -> Self {
        let input = StreamInfo::of::<C::In, C::Format>();
        Self::new(StageKind::Consumer, Some(input), None)
    }

    pub(super) fn new(
        kind: StageKind,
        input: Option<StreamInfo>,
        output: Option<StreamInfo>,
    ) -> Self {
        Self {
            pipewright: 1,
            kind,
            input,
            output,
            keeps_order: false,
            description: None,
        }
    }

    /// The same with a description.
    #[must_use]
    pub fn with_description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }
}

impl StreamInfo {
    fn of<T, F: Format>() -> Self {
        Self {
            format: F::NAME.to_owned(),
            item: F::KEEPS_ITEMS.then(short_name::<T>),
        }
    }
}
