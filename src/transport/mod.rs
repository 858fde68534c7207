//! Connections: frames to and from a peer, over WebSocket or within the process.
//!
//! [`Transport`] is one open connection, [`Dial`] opens connections, and [`Address`] is what users
//! configure. Higher layers see frames and how a connection ended, not how frames are transported.
//! Only `websocket/dial.rs` names the WebSocket library.

mod address;
#[cfg(feature = "engine")]
mod budget;
mod connect_error;
mod dial;
mod endpoint_stats;
mod idle_timeout;
mod keep_alive;
mod later;
mod memory;
mod options;
mod sent_log;
mod tcp;
#[cfg(feature = "tls")]
mod tls;
mod websocket;

use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::wire::{Close, Frame};

pub use address::Address;
#[cfg(feature = "engine")]
pub(crate) use budget::{Account, Budget};
pub use connect_error::ConnectError;
pub(crate) use dial::Dial;
pub(crate) use endpoint_stats::EndpointStats;
pub(crate) use idle_timeout::IdleTimeout;
pub(crate) use keep_alive::{Check, KeepAlive, KeepAliveTimer};
pub(crate) use later::{CENTURY, later, now};
pub(crate) use memory::{Memory, PipeLimits, pipe};
#[cfg(feature = "engine")]
pub(crate) use memory::{PipeMonitor, PipeReader, PipeWriter, Popped, accounted_pipe};
pub(crate) use options::ConnectOptions;
pub(crate) use sent_log::{Receipts, SentLog};
#[cfg(feature = "engine")]
pub(crate) use tcp::acknowledged_within;
pub(crate) use tcp::keep_alive;
#[cfg(feature = "engine")]
pub(crate) use websocket::{WebSocket, WebSocketLimits, accept_key};

/// One open connection that carries frames in both directions.
///
/// The task that owns the connection drives every method. After
/// [`poll_receive`](Self::poll_receive) returned `Closed` or `Lost`, the connection can only be
/// dropped.
pub(crate) trait Transport: Send + Sync + Unpin {
    /// Returns the next event from the peer. Answers pings.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Received>;

    /// Waits until [`start_send`](Self::start_send) can accept a frame.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>>;

    /// Accepts a frame, which may stay in a buffer until [`poll_flush`](Self::poll_flush).
    ///
    /// Call it once after each `Ready(Ok(()))` of [`poll_ready`](Self::poll_ready).
    fn start_send(&mut self, frame: Frame) -> Result<(), TransportError>;

    /// Waits until every accepted frame has been passed to the operating system or the peer.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>>;

    /// Announces that nothing more will be sent. Call [`poll_flush`](Self::poll_flush) afterwards;
    /// then [`poll_receive`](Self::poll_receive) reports when the peer has closed too.
    fn start_close(&mut self, close: Close) -> Result<(), TransportError>;

    /// Queues a ping; [`Received::Pong`] is the answer. Must be flushed.
    fn start_ping(&mut self) -> Result<(), TransportError>;

    /// Queues a heartbeat that needs no answer (RFC 6455 §5.5.3). Must be flushed. `hungry` states
    /// that this side has room and waits for the peer's data. Within a process it does nothing.
    fn start_pong(&mut self, _hungry: bool) -> Result<(), TransportError> {
        Ok(())
    }

    /// The traffic so far, including incomplete messages.
    fn traffic(&self) -> Traffic {
        Traffic::default()
    }

    /// What the peer declared in the handshake.
    fn agreed(&self) -> PeerExtensions {
        PeerExtensions::default()
    }
}

/// The result of [`Transport::poll_receive`].
#[derive(Debug)]
pub(crate) enum Received {
    Frame(Frame),
    /// The answer to a ping.
    Pong,
    /// The peer closed the connection, or answered our close.
    Closed(Close),
    /// The connection ended without a close.
    Lost(TransportError),
}

/// The error of a broken connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    /// The peer or the network failed.
    #[error("connection lost")]
    Lost(#[source] io::Error),
    /// The peer closed the connection; nothing more can be sent.
    #[error("connection {0}")]
    Closed(Close),
    /// The peer sent a frame longer than this side accepts.
    #[error("a frame of {size} bytes is over the limit of {limit} bytes")]
    TooLarge { size: usize, limit: usize },
    /// The peer violated the transport protocol.
    #[error("protocol violation: {0}")]
    Protocol(String),
}

impl TransportError {
    /// The peer is connected but does not respond.
    #[cfg(feature = "engine")]
    pub(crate) fn silent() -> Self {
        Self::Lost(io::Error::new(
            io::ErrorKind::TimedOut,
            "the worker that owns this end does not respond",
        ))
    }

    /// The connection ended without a close frame.
    pub(crate) fn eof() -> Self {
        Self::Lost(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the peer disconnected without a close frame",
        ))
    }
}

/// The traffic of a connection since it was opened.
///
/// A message may take minutes on a slow link. These counters also show progress within a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// Number of signs that the peer is alive: reads that returned bytes, and writes that continued
    /// after the peer had blocked them. A write into an empty send buffer does not count, because
    /// it succeeds without the peer.
    pub(crate) signs: u64,
    /// Bytes passed to the operating system or to the other side of a pipe.
    pub(crate) sent: u64,
}

/// What the peer of a control connection declared in the handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PeerExtensions {
    /// The largest message that it accepts, in bytes.
    pub(crate) message_limit: Option<usize>,
    /// How often it wants to receive a heartbeat.
    pub(crate) ping_every: Option<Duration>,
    /// How long the engine keeps the calls of a lost connection, if both sides support it.
    pub(crate) reattach_within: Option<Duration>,
}
