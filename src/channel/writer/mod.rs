//! The writing end of a channel of bytes.
//!
//! [`ChannelWriter`] has the inherent methods. `outbox` is the underlying state machine, and
//! `outcome` interprets what the peer sends. `packer` splits data into frames, and `squeeze`
//! compresses it before. `io` and `sink` implement `AsyncWrite` and `Sink`; `views` wraps each of
//! these traits separately.

mod blocking;
mod channel_writer;
mod copy;
mod farewell;
mod io;
mod outbox;
mod outcome;
mod packer;
mod short_abort;
mod sink;
mod squeeze;
mod unfinished;
mod views;

pub use blocking::BlockingWriter;
pub use channel_writer::ChannelWriter;
pub(crate) use farewell::say_farewell;
pub(crate) use outbox::Outbox;
pub(crate) use packer::Packer;
pub use views::{ByteWriter, FrameSink};
