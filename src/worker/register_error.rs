/// Why a function was not registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The id is empty or blank.
    #[error("a function id must not be blank; write something like `text::upper`")]
    Blank,
    /// The id begins with `engine::`.
    #[error("`{function_id}` is reserved: ids that begin with `engine::` belong to the engine")]
    Reserved {
        /// The id.
        function_id: String,
    },
    /// This worker has a function with the id.
    #[error(
        "function `{function_id}` is registered already; unregister it first, or choose another id"
    )]
    Duplicate {
        /// The id.
        function_id: String,
    },
    /// The metadata or a format has no JSON form.
    #[error("the description of function `{function_id}` has no JSON form")]
    Description {
        /// The id.
        function_id: String,
        /// What serde said.
        source: serde_json::Error,
    },
    /// What describes the function is too large for a control message; nothing was sent.
    #[error(
        "the registration of function `{function_id}` takes {size} bytes, over the limit of {limit}; shorten its description, formats or metadata"
    )]
    TooLarge {
        /// The id.
        function_id: String,
        /// Bytes that the message would have.
        size: usize,
        /// Bytes that the engine takes in one message.
        limit: usize,
    },
    /// The worker was shut down or has given up.
    #[error("function `{function_id}` cannot be registered: the worker is closed")]
    Closed {
        /// The id.
        function_id: String,
    },
}

impl RegisterError {
    /// Whether the id is taken within this worker.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Duplicate { .. })
    }

    /// Whether the worker is closed, so that no function can be registered any more.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}
