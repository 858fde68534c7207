/// Why a function was not registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The id is empty or blank.
    #[error("a function id must not be blank; write something like `text::upper`")]
    Blank,
    /// The id starts with `engine::`.
    #[error("`{function_id}` is reserved: ids that begin with `engine::` belong to the engine")]
    Reserved {
        /// The id.
        function_id: String,
    },
    /// This worker has already registered the id.
    #[error(
        "function `{function_id}` is already registered; unregister it first, or choose another id"
    )]
    Duplicate {
        /// The id.
        function_id: String,
    },
    /// JSON cannot represent the metadata or a format.
    #[error("the description of function `{function_id}` has no JSON form")]
    Description {
        /// The id.
        function_id: String,
        /// The error of serde.
        source: serde_json::Error,
    },
    /// The registration is too large for a control message; nothing was sent.
    #[error(
        "the registration of function `{function_id}` takes {size} bytes, over the limit of {limit}; shorten its description, formats or metadata"
    )]
    TooLarge {
        /// The id.
        function_id: String,
        /// Size of the message in bytes.
        size: usize,
        /// The engine's message limit in bytes.
        limit: usize,
    },
    /// The stage needs a resource that this worker does not have.
    #[error(
        "stage `{function_id}` needs a `{resource}`; call `Worker::provide` before it is registered"
    )]
    MissingResource {
        /// The id.
        function_id: String,
        /// The type of the resource.
        resource: &'static str,
    },
    /// The worker was shut down or has given up reconnecting.
    #[error("function `{function_id}` cannot be registered: the worker is closed")]
    Closed {
        /// The id.
        function_id: String,
    },
}

impl RegisterError {
    /// Whether this worker has already registered the id.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Duplicate { .. })
    }

    /// Whether the worker is closed, so that nothing can be registered any more.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}
