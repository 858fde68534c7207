/// Header of the handshake response by which an embedded engine identifies itself; its value is the
/// version. An iii engine does not send it.
pub(crate) const ENGINE: &str = "x-pipewright-engine";
