use crate::wire::{Close, Kind};

/// How a channel was finished, as far as an engine can know: what ends of streams say to each other
/// within them, an abort for one, is nothing it looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Ended {
    /// The writer closed it and the reader came to the end.
    Closed,
    /// The writer closed it with a code that tells of a failure, which reached the reader.
    Failed,
    /// The connection of the writer was lost, and the reader was told.
    Lost,
    /// The reader went away before the end.
    Cancelled,
    /// Nobody opened one of its ends in time.
    Expired,
}

impl Ended {
    /// `read` is the end that the reader came to.
    pub(super) fn by(read: Option<&Close>) -> Self {
        match read {
            None => Self::Cancelled,
            Some(close) if close.is_clean() => Self::Closed,
            Some(close) if *close == Close::WRITER_LOST => Self::Lost,
            Some(_) => Self::Failed,
        }
    }
}

impl Kind for Ended {
    const ALL: &'static [Self] = &[
        Self::Closed,
        Self::Failed,
        Self::Lost,
        Self::Cancelled,
        Self::Expired,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Failed => "failed",
            Self::Lost => "lost",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}
