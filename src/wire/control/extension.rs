//! pipewright's extensions of the control protocol (`docs/protocol.md` section 2.6). A side sends
//! these messages only to a peer that has declared support in the member [`EXTENSIONS`]: an engine
//! in its first message, a worker in its announcement.

use serde::{Deserialize, Serialize};

/// The member, in the engine's first message and the worker's announcement, that holds the version
/// of the extensions.
pub(crate) const EXTENSIONS: &str = "pipewright";

/// The version of the extensions.
pub(crate) const EXTENSIONS_VERSION: u32 = 1;

/// The caller no longer waits for a call. Sent by a worker to the engine, and by the engine to the
/// worker that runs the function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CancelInvocation {
    pub(crate) invocation_id: String,
}

/// A function that was waiting for another worker is now served by this worker. Sent by the engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FunctionActive {
    pub(crate) namespace: String,
    pub(crate) function_id: String,
}
