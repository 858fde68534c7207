//! Channels: one-way streams from one writer to one reader, of bytes or of items.
//!
//! [`ChannelWriter`] and [`ChannelReader`] are the ends. An end is opened from a ref, connects on
//! first use, and owns its connection by value. It holds no lock and starts no task, so dropping a
//! future leaves the end unchanged. The reader reaches exactly one [`Verdict`] (`docs/protocol.md`
//! section 9.6), which only [`verifier`] decides.

mod byte_channel;
mod byte_duplex;
mod coop;
mod error_chain;
mod items;
mod link;
mod message_queue;
mod read_error;
mod reader;
mod return_slot;
mod stats;
mod stream_metadata;
mod verifier;
mod write_error;
mod writer;
mod writer_watch;

pub use byte_channel::ByteChannel;
pub(crate) use byte_channel::local_bytes;
pub use byte_duplex::ByteDuplex;
pub(crate) use error_chain::error_chain;
pub use items::{
    BadItem, Channel, Event, Events, Permit, ReaderRef, ReceiveError, Receiver, SendError, Sender,
    Signal, TryRecvError, TrySendError, WriterRef,
};
pub(crate) use items::{SignalKind, Unreadable, local, short_name};
#[cfg(fuzzing)]
pub(crate) use link::Link;
pub(crate) use message_queue::{MessageQueue, QueuedMessage};
pub use read_error::ReadError;
pub use reader::{BlockingReader, ByteReader, ByteStream, ChannelReader, FrameStream, Messages};
pub(crate) use return_slot::ReturnSlot;
pub(crate) use stats::observer::StreamObserver;
pub use stats::report::{StreamReport, Verdict};
pub(crate) use stats::stream_stats::{ReaderGone, StreamStats};
pub(crate) use stats::wait_timer::WaitTimer;
pub(crate) use stream_metadata::StreamMetadata;
pub use write_error::WriteError;
pub use writer::{BlockingWriter, ByteWriter, ChannelWriter, FrameSink};
pub(crate) use writer_watch::{NoOutput, WriterEnded, WriterWatch};
