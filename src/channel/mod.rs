//! Channels: one-way streams from one writer to one reader, bytes first, then items.
//!
//! [`ChannelWriter`] and [`ChannelReader`] are the ends. Either is opened from a ref by whoever
//! holds it, connects when it is first used, and owns its connection by value: there is no lock
//! and no task behind it, so a dropped future leaves the end as it was. The reader reaches exactly
//! one [`Verdict`] (design, "The stream protocol"), which [`judge`] alone decides.

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
