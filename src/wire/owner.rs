/// Handshake header that identifies the worker that owns a connection, control or channel. The
/// value is a random token chosen by the client. Other engines ignore it.
///
/// The engine cannot distinguish an end of a channel whose code is busy from one whose process has
/// stopped. The control connection of a live worker always answers. When that connection stops
/// answering, the engine can close the worker's channel ends.
pub(crate) const OWNER: &str = "x-pipewright-owner";
