//! Closing connections. Closing TCP with unread input sends a reset, which destroys data that the
//! peer has not read yet (`docs/protocol.md` section 8.2). The engine therefore reads until the
//! peer has closed, within bounds.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::transport::{Received, Transport, TransportError};
use crate::wire::{Close, code};

/// How long a peer may take to read a close or a refusal.
pub(in crate::engine) const BRIEF: Duration = Duration::from_secs(1);

/// A frame violates the WebSocket protocol (RFC 6455 §7.4.1).
const PROTOCOL_ERROR: u16 = 1002;

/// How a session left its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum CloseOutcome {
    /// Nothing to wait for: dropping the socket closes it properly.
    Done,
    /// The peer was refused in the middle of a message; the rest must be [drained](drain).
    Refused,
}

/// Flushes the answer to the peer's close.
pub(in crate::engine) async fn answer<T: Transport>(socket: &mut T) -> CloseOutcome {
    let flush = poll_fn(|cx| socket.poll_flush(cx));
    // The answer need not arrive, because the peer has closed.
    let _ = timeout(BRIEF, flush).await;
    CloseOutcome::Done
}

/// Closes the connection, and reads until the peer has closed too or `close_timeout` is over.
pub(in crate::engine) async fn close<T: Transport>(
    socket: &mut T,
    close: Close,
    close_timeout: Duration,
) -> CloseOutcome {
    let closing = async {
        if socket.start_close(close).is_ok() && flushed(socket).await {
            closed(socket).await;
        }
    };
    let _ = timeout(close_timeout, closing).await;
    CloseOutcome::Done
}

/// Ends a broken connection. A peer that violated the protocol receives the reason.
pub(in crate::engine) async fn broken<T: Transport>(
    socket: &mut T,
    error: TransportError,
) -> CloseOutcome {
    let close = match error {
        TransportError::TooLarge { .. } => Close {
            code: Some(code::TOO_BIG),
            reason: error.to_string().into(),
        },
        TransportError::Protocol(_) => Close::new(PROTOCOL_ERROR, "protocol error"),
        TransportError::Lost(_) | TransportError::Closed(_) => return CloseOutcome::Done,
    };
    if socket.start_close(close).is_ok() {
        answer(socket).await;
    }
    CloseOutcome::Refused
}

/// Waits until all output has been passed to the operating system; `false` if the peer disconnected
/// first. Discards input meanwhile, so that a peer that writes before it reads cannot block.
pub(in crate::engine) async fn flushed<T: Transport>(socket: &mut T) -> bool {
    poll_fn(|cx| {
        if poll_discard(socket, cx).is_ready() {
            return Poll::Ready(false);
        }
        socket.poll_flush(cx).map(|flushed| flushed.is_ok())
    })
    .await
}

/// Waits until the peer has closed or disconnected; discards its input.
pub(in crate::engine) async fn closed<T: Transport>(socket: &mut T) {
    poll_fn(|cx| poll_discard(socket, cx)).await;
}

fn poll_discard<T: Transport>(socket: &mut T, cx: &mut std::task::Context<'_>) -> Poll<()> {
    loop {
        match socket.poll_receive(cx) {
            Poll::Ready(Received::Frame(_) | Received::Pong) => {}
            Poll::Ready(Received::Closed(_) | Received::Lost(_)) => return Poll::Ready(()),
            Poll::Pending => return Poll::Pending,
        }
    }
}

/// Reads the remaining input of a refused peer, so that the refusal reaches it.
pub(in crate::engine) async fn drain(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let drained = async {
        stream.shutdown().await?;
        let mut discarded = [0; 4096];
        while stream.read(&mut discarded).await? > 0 {}
        std::io::Result::Ok(())
    };
    // A peer that has disconnected needs no refusal.
    let _ = timeout(BRIEF, drained).await;
}
