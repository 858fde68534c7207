/// The traffic of a connection since it was opened.
///
/// A message may take minutes on a slow link. These counters also show progress within a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// Number of signs that the peer is alive: reads that returned bytes, and writes that continued
    /// after the peer had blocked them. A write into an empty send buffer does not count, because
    /// it succeeds without the peer.
    pub(crate) signs: u64,
    /// Bytes passed to the operating system or to the other side of a pipe.
    pub(crate) sent: u64,
}
