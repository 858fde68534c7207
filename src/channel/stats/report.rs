use std::time::Duration;

use super::super::ReadError;

/// The traffic of one end of a channel so far.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct StreamReport {
    /// Payload bytes of all data frames, after compression if the stream is compressed.
    pub bytes: u64,
    /// Number of items; 0 for a stream of bytes.
    pub items: u64,
    /// Number of user messages.
    pub messages: u64,
    /// Time that this end spent waiting: a reader for data, a writer for room.
    pub waited: Duration,
    /// How the stream ended; `None` until then.
    pub verdict: Option<Verdict>,
}

/// How a stream ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// The writer closed the stream, and its end message matches what arrived.
    Complete,
    /// The stream ended cleanly, but the writer sent no end message to compare with: a plain
    /// writer, or a worker without pipewright.
    CompleteUnverified,
    /// The stream failed: aborted by its writer, truncated, or damaged.
    Failed(ReadError),
}

impl Verdict {
    /// Whether the stream is complete, verified or not.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Complete | Self::CompleteUnverified)
    }

    /// Whether totals and checksum were compared; `None` if the stream is not complete.
    pub(crate) fn compared(&self) -> Option<bool> {
        self.is_complete().then(|| self.is_verified())
    }

    /// Whether the stream is complete and its totals and checksum were compared.
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::Complete)
    }
}
