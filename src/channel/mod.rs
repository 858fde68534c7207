//! Channels: one-way streams from one writer to one reader, of bytes or of items.
//!
//! [`ChannelWriter`] and [`ChannelReader`] are the ends. An end is opened from a ref, connects on
//! first use, and owns its connection by value. It holds no lock and starts no task, so dropping a
//! future leaves the end unchanged. The reader reaches exactly one [`Verdict`] (`docs/protocol.md`
//! section 10), which only [`judge`] decides.

mod aside;
mod byte_channel;
mod byte_duplex;
mod coop;
mod custody;
mod error_chain;
mod items;
mod judge;
mod link;
mod meter;
mod observed;
mod read_error;
mod reader;
mod report;
mod totals;
mod waits;
mod write_error;
mod writer;
mod writer_watch;

pub(crate) use aside::{Aside, Remark};
pub use byte_channel::ByteChannel;
pub(crate) use byte_channel::local_bytes;
pub use byte_duplex::ByteDuplex;
pub(crate) use custody::Custody;
pub(crate) use error_chain::error_chain;
pub use items::{
    BadItem, Channel, Event, Events, Permit, ReaderRef, ReceiveError, Receiver, SendError, Sender,
    Signal, TryRecvError, TrySendError, WriterRef,
};
pub(crate) use items::{SignalKind, Unreadable, local, short_name};
#[cfg(fuzzing)]
pub(crate) use link::Link;
pub(crate) use meter::{Departure, Meter};
pub(crate) use observed::Observed;
pub use read_error::ReadError;
pub use reader::{BlockingReader, ByteReader, ByteStream, ChannelReader, FrameStream, Messages};
pub use report::{StreamReport, Verdict};
pub(crate) use waits::Waits;
pub use write_error::WriteError;
pub use writer::{BlockingWriter, ByteWriter, ChannelWriter, FrameSink};
pub(crate) use writer_watch::{Silent, WriterOver, WriterWatch};
