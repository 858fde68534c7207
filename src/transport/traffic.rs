/// What has moved over a connection since it was opened.
///
/// A message may take minutes on a slow line. These counters show progress within a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// Signs of life of the peer: reads that brought bytes, and writes that continued after the
    /// peer had held them up. A write into an empty send buffer is none, because nobody needs to
    /// be there for it.
    pub(crate) signs: u64,
    /// Bytes handed over to the operating system, or to the other side of a pipe.
    pub(crate) sent: u64,
}
