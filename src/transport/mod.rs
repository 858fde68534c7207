//! The socket floor: frames to and from a peer, over WebSocket or within the process.
//!
//! [`Transport`] is one open connection, [`Dial`] opens them, [`Address`] is a dialler that a
//! user can hold. Everything above sees frames and the way a connection ended, nothing of how
//! they travel; `websocket/dial.rs` alone names the WebSocket library.

#[cfg(feature = "engine")]
mod account;
mod address;
mod agreed;
#[cfg(feature = "engine")]
mod budget;
mod connect_error;
mod dial;
mod keep_alive;
mod later;
mod memory;
mod options;
mod silence;
mod stream_counts;
mod tcp;
#[cfg(feature = "tls")]
mod tls;
mod traffic;
mod websocket;

use std::io;
use std::task::{Context, Poll};

use crate::wire::{Close, Frame};

#[cfg(feature = "engine")]
pub(crate) use account::Account;
pub use address::Address;
pub(crate) use agreed::Agreed;
#[cfg(feature = "engine")]
pub(crate) use budget::Budget;
pub use connect_error::ConnectError;
pub(crate) use dial::Dial;
pub(crate) use keep_alive::{Check, KeepAlive, Pulse};
pub(crate) use later::{CENTURY, later};
pub(crate) use memory::{Memory, PipeLimits, pipe};
#[cfg(feature = "engine")]
pub(crate) use memory::{PipeMonitor, PipeReader, PipeWriter, Popped, accounted_pipe};
pub(crate) use options::ConnectOptions;
pub(crate) use silence::Silence;
pub(crate) use stream_counts::StreamCounts;
pub(crate) use tcp::keep_alive;
pub(crate) use traffic::Traffic;
#[cfg(feature = "engine")]
pub(crate) use websocket::{WebSocket, WebSocketLimits, accept_key};

/// One open connection that carries frames both ways.
///
/// Every method is driven from the one task that owns the connection. After
/// [`poll_receive`](Self::poll_receive) gave `Closed` or `Lost`, only dropping is useful.
pub(crate) trait Transport: Send + Sync + Unpin {
    /// The next thing the peer sent. Answers pings on the way.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Received>;

    /// Waits until a frame can be taken by [`start_send`](Self::start_send).
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>>;

    /// Takes a frame; it may stay in a buffer until [`poll_flush`](Self::poll_flush).
    ///
    /// To be called once after each `Ready(Ok(()))` of [`poll_ready`](Self::poll_ready).
    fn start_send(&mut self, frame: Frame) -> Result<(), TransportError>;

    /// Waits until every frame taken so far is with the operating system or the peer.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>>;

    /// Says that nothing more will be sent. To be followed by [`poll_flush`](Self::poll_flush);
    /// then [`poll_receive`](Self::poll_receive) tells when the peer has closed too.
    fn start_close(&mut self, close: Close) -> Result<(), TransportError>;

    /// Asks the peer for a sign of life, which [`Received::Pong`] brings. To be flushed.
    fn start_ping(&mut self) -> Result<(), TransportError>;

    /// Gives the peer a sign of life that asks for no answer (RFC 6455 §5.5.3). To be flushed.
    /// Says whether this side is `hungry`, waiting for what the peer sends. Within the process
    /// silence means nothing, and so does this.
    fn start_pong(&mut self, _hungry: bool) -> Result<(), TransportError> {
        Ok(())
    }

    /// What has moved so far, also of messages that are not whole.
    fn traffic(&self) -> Traffic {
        Traffic::default()
    }

    /// What the peer has said of itself in the handshake.
    fn agreed(&self) -> Agreed {
        Agreed::default()
    }
}

/// What [`Transport::poll_receive`] gives.
#[derive(Debug)]
pub(crate) enum Received {
    Frame(Frame),
    /// The answer to a ping.
    Pong,
    /// The peer closed the connection, or answered our close.
    Closed(Close),
    /// The connection is gone without a close.
    Lost(TransportError),
}

/// Why a connection broke.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    /// The peer, or the network between, went away.
    #[error("connection lost")]
    Lost(#[source] io::Error),
    /// The peer closed; nothing more can be sent.
    #[error("connection {0}")]
    Closed(Close),
    /// The peer sent a frame longer than this side takes.
    #[error("a frame of {size} bytes is over the limit of {limit} bytes")]
    TooLarge { size: usize, limit: usize },
    /// The peer broke the rules of the transport.
    #[error("protocol violation: {0}")]
    Protocol(String),
}

impl TransportError {
    /// The peer is there, and stands still.
    #[cfg(feature = "engine")]
    pub(crate) fn silent() -> Self {
        Self::Lost(io::Error::new(
            io::ErrorKind::TimedOut,
            "the worker whose end this is has fallen silent",
        ))
    }

    /// The connection ended without a close frame.
    pub(crate) fn eof() -> Self {
        Self::Lost(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the peer hung up without a close frame",
        ))
    }
}
