use super::link::Link;
use super::{ChannelReader, ChannelWriter};
use crate::transport::{Address, Memory, PipeLimits, pipe};
use crate::wire::{MAX_FRAME, StreamChannelRef};

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

/// What the ends of a channel within a process may hold: as much as an engine's channel does by
/// default (`docs/protocol.md` section 3).
const LOCAL: PipeLimits = PipeLimits {
    frames: 64,
    bytes: 64 * MAX_FRAME,
};

/// A channel of bytes within the process, without an engine.
pub(crate) fn local_bytes() -> (ChannelWriter, ChannelReader) {
    let (writer, reader) = pipe(LOCAL);
    let writer = ChannelWriter::over(Link::Open(Box::new(Memory::writer(writer))));
    (
        writer,
        ChannelReader::over(Link::Open(Box::new(Memory::reader(reader)))),
    )
}
