use crate::wire::{Close, Kind};

/// How a channel was finished, as far as an engine can know. It does not interpret messages between
/// the ends, such as an abort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Ended {
    /// The writer closed it, and the reader reached the end.
    Closed,
    /// The writer closed it with a failure code, which reached the reader.
    Failed,
    /// The writer's connection was lost, and the reader was notified.
    Lost,
    /// The reader left before the end.
    Cancelled,
    /// One of its ends was not opened in time.
    Expired,
}

impl Ended {
    /// `read` is the close that ended the reader's stream.
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
