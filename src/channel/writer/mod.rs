//! The writing end of a channel of bytes.
//!
//! [`ChannelWriter`] has the inherent methods. `outbox` is the underlying state machine, and
//! `outcome` interprets what the peer sends. `packer` splits data into frames, and `compressor`
//! compresses it before. `io` and `sink` implement `AsyncWrite` and `Sink`; `views` wraps each of
//! these traits separately.

mod blocking;
mod channel_writer;
mod close_dropped;
mod compressor;
mod copy;
mod io;
mod outbox;
mod outcome;
mod packer;
mod partial_item;
mod short_abort;
mod sink;
mod views;

pub use blocking::BlockingWriter;
pub use channel_writer::ChannelWriter;
pub(crate) use close_dropped::close_dropped;
pub(crate) use outbox::Outbox;
pub(crate) use packer::Packer;
pub use views::{ByteWriter, FrameSink};
