use std::sync::Arc;

use serde_json::Value;
use tokio::sync::SetOnce;

/// The user's metadata of one stream: that of its header, or else that of the run.
///
/// It is set when the header is created or received, and is shared by the ends of the stream in
/// this process. If the stream has no header, or a header without metadata, the metadata of the run
/// applies.
#[derive(Clone, Debug, Default)]
pub(crate) struct StreamMetadata(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    header: SetOnce<Option<Value>>,
    run: Option<Value>,
}

impl StreamMetadata {
    /// For a stream of a run with the metadata `run`.
    pub(crate) fn new(run: Option<Value>) -> Self {
        let header = SetOnce::new();
        Self(Arc::new(Inner { header, run }))
    }

    /// For another stream of the same run.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.0.run.clone())
    }

    /// Records the metadata of the header. A stream has only one header, so later calls have no
    /// effect.
    pub(crate) fn set(&self, content: Option<Value>) {
        let _ = self.0.header.set(content);
    }

    /// Whether the header is known.
    pub(crate) fn is_known(&self) -> bool {
        self.0.header.initialized()
    }

    /// The metadata, if it is known.
    pub(crate) fn get(&self) -> Option<&Value> {
        let header = self.0.header.get().and_then(Option::as_ref);
        header.or(self.0.run.as_ref())
    }
}
