use std::future::poll_fn;
use std::task::{Context, Poll};

use tokio::time::timeout;

use super::writer_session::{FRAME, TURN};
use super::{Heartbeat, ReaderEnd};
use crate::engine::core::Core;
use crate::engine::net::closing::{self, CloseOutcome};
use crate::engine::owners::Ownership;
use crate::transport::{Popped, Received, Transport, TransportError};
use crate::wire::Close;

/// Relays frames from the pipe of a channel to its reader's socket.
///
/// It sends frames while there are any and flushes when the pipe is empty. Many small frames then
/// share a system call, and none is delayed. It always reads the socket: pings are answered, and a
/// reader that closes or disconnects is noticed immediately (`docs/protocol.md` section 11.7).
pub(in crate::engine) struct ReaderSession<'a, T> {
    socket: &'a mut T,
    end: ReaderEnd,
    heartbeats: Heartbeat,
    unflushed: bool,
}

/// Why a session ended.
enum Ended {
    /// The stream has ended.
    Stream(Close),
    /// The reader closed before the end.
    Closed(Close),
    /// The reader disconnected before the end, or violated the protocol.
    Lost(TransportError),
    /// The engine is stopping.
    Stopping,
}

impl<'a, T: Transport> ReaderSession<'a, T> {
    pub(in crate::engine) fn new(socket: &'a mut T, end: ReaderEnd, heartbeats: Heartbeat) -> Self {
        Self {
            socket,
            end,
            heartbeats,
            unflushed: false,
        }
    }

    pub(in crate::engine) async fn run(
        mut self,
        core: &Core,
        ownership: &Ownership,
    ) -> CloseOutcome {
        let ended = tokio::select! {
            biased;
            ended = poll_fn(|cx| self.poll_relay(cx)) => ended,
            () = core.stopping.cancelled() => Ended::Stopping,
            () = ownership.silent() => Ended::Lost(TransportError::silent()),
        };
        let Self {
            socket, mut end, ..
        } = self;
        match &ended {
            // The writer must see that the engine is stopping, not a lost reader.
            Ended::Stopping => end.pipe.cancel(Close::STOPPING),
            Ended::Closed(close) if !core.limits.behaviour.is_iii() => {
                end.pipe.cancel(close.for_writer());
            }
            _ => {}
        }
        // Before the close, so that a client that sees the end of the stream can rely on the
        // channel being gone.
        drop(end);
        match ended {
            Ended::Stream(close) => {
                let close = if core.limits.behaviour.is_iii() {
                    Close::default()
                } else {
                    close
                };
                tokio::select! {
                    biased;
                    () = hand_over(socket, close, core) => {}
                    () = core.stopping.cancelled() => {}
                    () = ownership.silent() => {}
                }
                CloseOutcome::Done
            }
            Ended::Closed(_) => closing::answer(socket).await,
            Ended::Lost(error) => {
                tracing::debug!(%error, "a channel reader was lost");
                closing::broken(socket, error).await
            }
            Ended::Stopping if core.limits.behaviour.is_iii() => CloseOutcome::Done,
            Ended::Stopping => closing::close(socket, Close::STOPPING, closing::BRIEF).await,
        }
    }

    fn poll_relay(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if let Err(error) = self.heartbeats.poll(self.socket, |_| false, cx) {
            return Poll::Ready(Ended::Lost(error));
        }
        loop {
            match self.socket.poll_receive(cx) {
                // Frames from a reader have no meaning.
                Poll::Ready(Received::Frame(_) | Received::Pong) => {}
                Poll::Ready(Received::Closed(close)) => return Poll::Ready(Ended::Closed(close)),
                Poll::Ready(Received::Lost(error)) => return Poll::Ready(Ended::Lost(error)),
                Poll::Pending => break,
            }
        }
        match self.poll_write(cx) {
            Poll::Ready(Ok(close)) => Poll::Ready(Ended::Stream(close)),
            Poll::Ready(Err(error)) => Poll::Ready(Ended::Lost(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<Close, TransportError>> {
        let mut taken = 0;
        while self.socket.poll_ready(cx)?.is_ready() {
            if taken >= TURN {
                // Lets other tasks run, and sends what is queued.
                self.unflushed = self.socket.poll_flush(cx)?.is_pending();
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match self.end.pipe.poll_pop(cx) {
                Poll::Ready(Popped::Frame(frame)) => {
                    taken += frame.len() + FRAME;
                    self.socket.start_send(frame)?;
                    self.unflushed = true;
                }
                Poll::Ready(Popped::End(close)) => return Poll::Ready(Ok(close)),
                Poll::Pending => {
                    if self.unflushed && self.socket.poll_flush(cx)?.is_ready() {
                        self.unflushed = false;
                    }
                    return Poll::Pending;
                }
            }
        }
        Poll::Pending
    }
}

/// Sends the rest and the close, then reads until the reader has closed too.
///
/// This takes as long as the reader needs. Data in the operating system's buffers would be lost if
/// the reader sent something to a closed socket, so the engine waits for the reader's close
/// (`docs/protocol.md` section 11.8).
async fn hand_over<T: Transport>(socket: &mut T, close: Close, core: &Core) {
    if socket.start_close(close).is_ok() && closing::flushed(socket).await {
        // Disconnects a reader that never answers.
        let _ = timeout(core.limits.linger, closing::closed(socket)).await;
    }
}
