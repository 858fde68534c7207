/// Handshake header that identifies the worker that owns a connection, control or channel. The
/// value is a random token chosen by the client. Other engines ignore it.
///
/// An end of a channel whose code is busy looks like one whose process has stopped. The control
/// connection of a live worker always answers, so when the engine finds it silent, it can close the
/// worker's channel ends.
pub(crate) const OWNER: &str = "x-pipewright-owner";
