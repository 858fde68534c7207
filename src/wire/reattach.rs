/// Handshake header of a control connection by which both sides agree that calls in flight survive
/// a lost connection (`docs/protocol.md` section 2.7).
///
/// The client sends [`REQUESTED`], and the engine answers with the time in milliseconds for which it
/// keeps the calls of a lost connection. Other engines ignore it.
pub(crate) const REATTACH: &str = "x-pipewright-reattach";

/// The value of the header in a request: the version of the extension.
pub(crate) const REQUESTED: &str = "1";
