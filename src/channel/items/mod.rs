//! Channels of items: [`Sender`] and [`Receiver`] on top of channels of bytes.
//!
//! [`Encoding`](encoding) and [`Decoding`](decoding) connect a format with the byte ends.
//! `allowance` decides whether `send` sends an item immediately. Otherwise the `flusher` sends it,
//! woken by an `alarm`. `ticks` is a cheap clock. `pace` charges the cooperative budget. `local`
//! implements both ends within a process, where items are passed as values.

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
mod pace;
mod permit;
mod receive_error;
mod receiver;
mod receiving;
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
