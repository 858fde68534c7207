/// Why a channel is not created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::engine) enum ChannelRefused {
    #[error("the engine already has {0} unfinished channels; finish some, or raise its limit")]
    Channels(usize),
    #[error(
        "the engine reserves its last {left} channels for workers with few, and this one has {owned}; \
         finish some, or raise the limit of channels"
    )]
    Reserved { owned: usize, left: usize },
    #[error(
        "the worker has {0} unfinished channels; finish some, or raise the engine's \
         limit of channels for a worker"
    )]
    OfWorker(usize),
    #[error(
        "the engine holds {held} bytes for slow readers, and its limit is {limit}; read them, or \
         raise the limit"
    )]
    Held { held: usize, limit: usize },
}

/// Why an end is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Refusal {
    /// The channel does not exist, or the key is wrong; the client must not learn which.
    NotFound,
    /// The end was opened before.
    Taken,
}
