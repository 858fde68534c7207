use super::Lease;
use crate::transport::{PipeReader, PipeWriter};

/// The reader end of a channel, opened.
///
/// Dropping it tells the writer that the reader is gone, and the table that the end is done; in
/// this order, because that is the order of the fields.
pub(in crate::engine) struct ReaderEnd {
    pub(super) pipe: PipeReader,
    pub(super) lease: Lease,
}

/// The writer end of a channel, opened.
///
/// Dropping it before the stream was ended tells the reader that the writer was lost.
pub(in crate::engine) struct WriterEnd {
    pub(super) pipe: PipeWriter,
    pub(super) lease: Lease,
}
