//! Channels of items: [`Sender`] and [`Receiver`] on top of channels of bytes.
//!
//! [`ItemEncoder`](sender::encoder) and [`ItemDecoder`](receiver::decoder) connect a format with
//! the byte ends. `flush_policy` decides whether `send` sends an item immediately. Otherwise the
//! `flusher` sends it when the `flush_timer` fires. `coarse_clock` is a clock that is cheap to
//! read. `pace` charges the cooperative budget. `local` implements both ends within a process,
//! where items are passed as values.

mod channel;
mod local;
#[cfg(all(test, shuttle))]
mod models;
mod pace;
mod receiver;
mod receiving;
mod refs;
mod sender;
mod short_name;
mod signal;

pub use channel::Channel;
pub(crate) use local::local;
pub use receiver::error::{BadItem, ReceiveError};
pub use receiver::event::Event;
pub use receiver::events::Events;
pub use receiver::receiver::Receiver;
pub use receiver::try_recv::TryRecvError;
pub use refs::{ReaderRef, WriterRef};
pub use sender::error::SendError;
pub use sender::permit::{Permit, TrySendError};
pub use sender::sender::Sender;
pub(crate) use short_name::short_name;
pub use signal::Signal;
pub(crate) use signal::{SignalKind, Unreadable};
