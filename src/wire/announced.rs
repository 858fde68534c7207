/// Header of the handshake response in which an embedded engine announces itself; its value is the
/// version. An iii engine does not send it.
pub(crate) const ENGINE: &str = "x-pipewright-engine";
