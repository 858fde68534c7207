use std::time::Duration;

use super::ReadError;

/// What went through one end of a channel so far.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct StreamReport {
    /// Payload bytes of all data frames, as they travel: compressed ones, if the stream is.
    pub bytes: u64,
    /// Items; 0 for a stream of bytes.
    pub items: u64,
    /// Messages of the user.
    pub messages: u64,
    /// How long this end waited: a reader for data, a writer for room.
    pub waited: Duration,
    /// How the stream ended; `None` while it runs.
    pub verdict: Option<Verdict>,
}

/// How a stream ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// The writer closed it and its end message agrees with what arrived.
    Complete,
    /// It ended cleanly, but the writer sent no end message to compare with: a plain writer, or
    /// a worker without pipewright.
    CompleteUnverified,
    /// It did not end well: aborted by its writer, cut short, or damaged.
    Failed(ReadError),
}

impl Verdict {
    /// Whether the stream is whole, verified or not.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Complete | Self::CompleteUnverified)
    }

    /// Whether totals and checksum were compared, if the stream is whole; `None` if it is not.
    pub(crate) fn compared(&self) -> Option<bool> {
        self.is_complete().then(|| self.is_verified())
    }

    /// Whether the stream is whole and its totals and checksum were compared.
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::Complete)
    }
}
