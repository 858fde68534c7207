//! The writer's end of a channel of bytes.
//!
//! [`ChannelWriter`] has the inherent methods; `outbox` is the state machine below them, `outcome`
//! what the peer's words mean to it, `packer` cuts what is written into frames, `squeeze`
//! compresses it before; `io` and `sink` are the faces for `AsyncWrite` and `Sink`, `views` the same
//! faces one at a time.

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
pub use views::{ByteWriter, FrameSink};
