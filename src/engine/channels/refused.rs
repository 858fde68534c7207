/// Why a channel is not created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::engine) enum ChannelRefused {
    #[error("the engine has {0} unfinished channels already; finish some, or raise its limit")]
    Channels(usize),
    #[error(
        "the engine keeps its last {left} channels for workers with few, this one has {owned}; \
         finish some, or raise the limit of channels"
    )]
    Reserved { owned: usize, left: usize },
    #[error(
        "the worker has made {0} channels that are unfinished; finish some, or raise the engine's \
         limit of channels for a worker"
    )]
    OfWorker(usize),
    #[error(
        "the engine holds {held} bytes for slow readers, its limit is {limit}; let them be read, \
         or raise the limit"
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
