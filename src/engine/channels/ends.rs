use super::Lease;
use crate::transport::{PipeReader, PipeWriter};

/// The opened reading end of a channel.
///
/// Dropping it notifies first the writer and then the table; the order of the fields guarantees
/// this.
pub(in crate::engine) struct ReaderEnd {
    pub(super) pipe: PipeReader,
    pub(super) lease: Lease,
}

/// The opened writing end of a channel.
///
/// Dropping it before the end of the stream tells the reader that the writer was lost.
pub(in crate::engine) struct WriterEnd {
    pub(super) pipe: PipeWriter,
    pub(super) lease: Lease,
}
