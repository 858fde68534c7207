//! Channels of items: [`Sender`] and [`Receiver`] over the ends of a channel of bytes.
//!
//! [`Encoding`](encoding) and [`Decoding`](decoding) join a format to the byte ends. `allowance`
//! decides whether `send` hands an item over by itself; what it leaves is sent by `flusher`, which
//! an `alarm` wakes. `ticks` is a clock that is cheap to read. `local` is the same pair of ends
//! within a process, where items are handed over as they are.

mod alarm;
mod allowance;
mod channel;
mod decoding;
mod encoding;
mod events;
mod flusher;
mod listening;
mod local;
mod local_source;
#[cfg(all(test, shuttle))]
mod models;
mod permit;
mod receive_error;
mod receiver;
mod refs;
mod send_error;
mod sender;
mod sending;
mod short_name;
mod signal;
mod signalling;
mod ticks;
mod try_recv;

pub use channel::Channel;
pub use events::{Event, Events};
pub(crate) use local::local;
pub use permit::{Permit, TrySendError};
pub use receive_error::{BadItem, ReceiveError};
pub use receiver::Receiver;
pub use refs::{ReaderRef, WriterRef};
pub use send_error::SendError;
pub use sender::Sender;
pub(crate) use short_name::short_name;
pub use signal::Signal;
pub(crate) use signal::{SignalKind, Unreadable};
pub use try_recv::TryRecvError;
