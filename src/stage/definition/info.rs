use serde::Serialize;

use crate::channel::short_name;
use crate::codec::Format;

/// The description that a stage registers, so that an engine's list of functions shows which
/// functions are stages, and their inputs and outputs.
///
/// It is sent as the metadata of the function: `docs/protocol.md` section 10.2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StageInfo {
    /// The version of the stream protocol that the stage uses.
    pub pipewright: u8,
    /// The kind of stage.
    pub kind: StageKind,
    /// The input; `None` for a producer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<StreamInfo>,
    /// The output; `None` for a consumer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<StreamInfo>,
    /// Whether its outputs keep the order of its items, and it forwards the messages of the stream
    /// protocol. Copies of such a stage can keep the order of a stream; see
    /// [`Pipeline::parallel_ordered`](crate::Pipeline::parallel_ordered).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keeps_order: bool,
    /// A description for people. It is sent as the description of the function.
    #[serde(skip)]
    pub description: Option<String>,
}

/// The channel ends that a stage needs.
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

/// An input or output stream of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StreamInfo {
    /// The name of the format, such as `ndjson`.
    pub format: String,
    /// The name of the item type; `None` for a stream of bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
}

impl StageInfo {
    pub(in crate::stage) fn new(
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

    /// Returns the same info with a description.
    #[must_use]
    pub fn with_description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }
}

impl StreamInfo {
    pub(super) fn of<T, F: Format>() -> Self {
        Self {
            format: F::NAME.to_owned(),
            item: F::KEEPS_ITEMS.then(short_name::<T>),
        }
    }
}
