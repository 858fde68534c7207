use super::link::Link;
use super::{ChannelReader, ChannelWriter};
use crate::transport::{Address, Memory, PipeLimits, pipe};
use crate::wire::{MAX_FRAME, StreamChannelRef};

/// A new channel of bytes: both ends and both refs.
///
/// Use an end here, or send its ref to another worker and use it there, but not both: an end can be
/// opened only once. An unused end never connects and can be dropped.
#[derive(Debug)]
#[non_exhaustive]
pub struct ByteChannel {
    /// The end to write to.
    pub writer: ChannelWriter,
    /// The end to read from.
    pub reader: ChannelReader,
    /// The ref of the writer's end, for use elsewhere.
    pub writer_ref: StreamChannelRef,
    /// The ref of the reader's end, for use elsewhere.
    pub reader_ref: StreamChannelRef,
}

impl ByteChannel {
    /// The ends of a channel created by the engine at `address`.
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

/// Capacity of a channel within the process, the default of an engine's channel (`docs/protocol.md`
/// section 3).
const LOCAL: PipeLimits = PipeLimits {
    frames: 64,
    bytes: 64 * MAX_FRAME,
};

/// Creates a channel of bytes within the process, without an engine.
pub(crate) fn local_bytes() -> (ChannelWriter, ChannelReader) {
    let (writer, reader) = pipe(LOCAL);
    let writer = ChannelWriter::over(Link::Open(Box::new(Memory::writer(writer))));
    (
        writer,
        ChannelReader::over(Link::Open(Box::new(Memory::reader(reader)))),
    )
}
