/// The header of a handshake's answer by which an engine of this kind announces itself; its value
/// is the version. An iii engine sends none.
pub(crate) const ENGINE: &str = "x-pipewright-engine";
