//! What pipewright adds to the control protocol (`docs/protocol.md` section 2.6). Each side sends these only to
//! a peer that says that it understands them: an engine in its greeting, a worker in its
//! announcement, by the member [`EXTENSIONS`].

use serde::{Deserialize, Serialize};

/// The member of greeting and announcement that names the version of the additions.
pub(crate) const EXTENSIONS: &str = "pipewright";

/// The version of the additions.
pub(crate) const EXTENSIONS_VERSION: u32 = 1;

/// The caller no longer waits for a call. From a worker to the engine, and from the engine to the
/// worker that runs the function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CancelInvocation {
    pub(crate) invocation_id: String,
}

/// A function that waited for another worker is served by this worker from now on. From the
/// engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FunctionActive {
    pub(crate) namespace: String,
    pub(crate) function_id: String,
}
