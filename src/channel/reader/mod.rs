//! The reader's end of a channel of bytes.
//!
//! [`ChannelReader`] has the inherent methods; `inbox` is what was received, `connection` the
//! state machine of the connection below it. `rest` holds what was not handed out, `expansion`
//! undoes the compression of a stream, `vigil` finds a writer that has fallen silent; `io` and
//! `stream` are the faces for `AsyncRead` and `Stream`, `views` the same faces one at a time.

mod blocking;
mod channel_reader;
mod connection;
mod copy;
mod expansion;
mod inbox;
mod io;
mod listeners;
mod passing;
mod rest;
mod stream;
mod views;
mod vigil;

pub use blocking::BlockingReader;
pub use channel_reader::ChannelReader;
pub(crate) use inbox::Inbox;
pub(crate) use listeners::Listeners;
pub use listeners::Messages;
pub use views::{ByteReader, ByteStream, FrameStream};
