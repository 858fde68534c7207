//! Channels of items: [`Sender`] and [`Receiver`] over the ends of a channel of bytes.
//!
//! [`Encoding`](encoding) and [`Decoding`](decoding) join a format to the byte ends; `flusher`
//! sends what is there when the application pauses, which `pause` finds out from `pulse`; `local`
//! is the same pair of ends within a process, where items are handed over as they are.

mod beat;
mod channel;
mod decoding;
mod encoding;
mod events;
mod flusher;
mod local;
mod local_source;
#[cfg(all(test, shuttle))]
mod models;
mod pause;
mod pulse;
mod receive_error;
mod receiver;
mod refs;
mod send_error;
mod sender;
mod short_name;
mod signal;
mod signalling;

pub use channel::Channel;
pub use events::{Event, Events};
pub(crate) use local::local;
pub use receive_error::{BadItem, ReceiveError};
pub use receiver::Receiver;
pub use refs::{ReaderRef, WriterRef};
pub use send_error::SendError;
pub use sender::Sender;
pub(crate) use short_name::short_name;
pub use signal::Signal;
pub(crate) use signal::{SignalKind, Unreadable};
