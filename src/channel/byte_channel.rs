use super::{ChannelReader, ChannelWriter};
use crate::transport::Address;
use crate::wire::StreamChannelRef;

/// A new channel of bytes: both ends and both refs.
///
/// Use an end here, or send its ref to another worker and use it there, not both: an end opens
/// once. An end that is never used never connects and may be dropped freely.
#[derive(Debug)]
#[non_exhaustive]
pub struct ByteChannel {
    /// The end that data goes into.
    pub writer: ChannelWriter,
    /// The end that data comes out of.
    pub reader: ChannelReader,
    /// Opens the writer's end elsewhere.
    pub writer_ref: StreamChannelRef,
    /// Opens the reader's end elsewhere.
    pub reader_ref: StreamChannelRef,
}

impl ByteChannel {
    /// The ends of a channel that the engine at `address` has made.
    pub(crate) fn new(
        address: &Address,
        writer_ref: StreamChannelRef,
        reader_ref: StreamChannelRef,
    ) -> Self {
        Self {
            writer: ChannelWriter::new(address, &writer_ref),
            reader: ChannelReader::new(address, &reader_ref),
            writer_ref,
            reader_ref,
        }
    }
}
