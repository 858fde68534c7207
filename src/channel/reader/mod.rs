//! The reading end of a channel of bytes.
//!
//! [`ChannelReader`] has the inherent methods. `inbox` holds received data, and `connection` is the
//! state machine of the connection. `read_buffer` holds data that was not returned yet,
//! `decompressor` decompresses, and `writer_monitor` detects a silent writer. `io` and `stream`
//! implement `AsyncRead` and `Stream`; `views` wraps each of these traits separately. `error_delay`
//! delays an error until earlier data has been written.

mod blocking;
mod channel_reader;
mod connection;
mod copy;
mod decompressor;
mod error_delay;
mod inbox;
mod io;
mod listeners;
mod pass_through;
mod read_buffer;
mod stream;
mod views;
mod writer_monitor;

pub use blocking::BlockingReader;
pub use channel_reader::ChannelReader;
pub(crate) use inbox::Inbox;
pub(crate) use listeners::Listeners;
pub use listeners::Messages;
pub use views::{ByteReader, ByteStream, FrameStream};
