use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use super::WriterEnd;
use crate::engine::core::Core;
use crate::engine::farewell::{self, Parting};
use crate::transport::{Received, Transport, TransportError};
use crate::wire::Close;

/// How long a full pipe stops the reading of its writer's socket before the [overdraft] is used.
///
/// [overdraft]: OVERDRAFT
const PATIENCE: Duration = Duration::from_secs(1);

/// Bytes that are read beyond the bound of a pipe that has been full for a while.
///
/// A ping or a close stands behind the data that its writer sent before, and SDKs give a
/// connection up that does not answer it (`protocol.md` 11.11). What stands before it is what the
/// sockets of both sides hold, a few megabytes; reading that far answers it. This is memory, so
/// it is bounded, and a writer that goes on fills it: one that pings through minutes of
/// back-pressure is still given up by itself.
const OVERDRAFT: usize = 4 << 20;

/// Relays what a writer's socket brings into the pipe of its channel.
///
/// | state | socket | pipe | left by |
/// |---|---|---|---|
/// | room | read, pushed | filled | a full pipe |
/// | full | not read, so that TCP holds the writer back | watched | room; [`PATIENCE`] |
/// | overdrawn | read, pushed | filled up to [`OVERDRAFT`] more | room |
///
/// In each state the reader's leaving ends the session at once.
pub(in crate::engine) struct WriterSession<'a, T> {
    socket: &'a mut T,
    end: WriterEnd,
    /// Since the pipe became full.
    full: Option<Pin<Box<Sleep>>>,
}

/// Why a session is over.
enum Ended {
    /// The writer has closed.
    Closed(Close),
    /// The writer went away without a close, or broke a rule.
    Lost(TransportError),
    /// Nobody reads any more.
    Unread(Close),
}

impl<'a, T: Transport> WriterSession<'a, T> {
    pub(in crate::engine) fn new(socket: &'a mut T, end: WriterEnd) -> Self {
        Self {
            socket,
            end,
            full: None,
        }
    }

    pub(in crate::engine) async fn run(mut self, core: &Core) -> Parting {
        let ended = tokio::select! {
            biased;
            ended = poll_fn(|cx| self.poll_relay(cx)) => ended,
            () = core.stopping.cancelled() => Ended::Unread(Close::STOPPING),
        };
        let Self { socket, end, .. } = self;
        let WriterEnd { mut pipe, lease } = end;
        match ended {
            Ended::Closed(close) => {
                // The reader need not see more than that the stream is whole; the code and the
                // reason of one that is not may help.
                pipe.end(if close.is_clean() {
                    Close::NORMAL
                } else {
                    close
                });
                drop(lease);
                farewell::answer(socket).await
            }
            Ended::Lost(error) => {
                tracing::debug!(%error, "a channel writer was lost");
                // Dropped without an end: the reader sees that the writer was lost.
                drop((pipe, lease));
                farewell::broken(socket, error).await
            }
            Ended::Unread(close) => {
                // If it is the engine that stops, the reader is to see this and not a lost writer.
                pipe.end(close.clone());
                drop((pipe, lease));
                farewell::close(socket, close, farewell::BRIEF).await
            }
        }
    }

    fn poll_relay(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        loop {
            match self.poll_room(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(close)) => return Poll::Ready(Ended::Unread(close)),
                Poll::Pending => return Poll::Pending,
            }
            match self.socket.poll_receive(cx) {
                Poll::Ready(Received::Frame(frame)) => self.end.pipe.push(frame),
                Poll::Ready(Received::Pong) => {}
                Poll::Ready(Received::Closed(close)) => return Poll::Ready(Ended::Closed(close)),
                Poll::Ready(Received::Lost(error)) => return Poll::Ready(Ended::Lost(error)),
                // The reader may go while its writer has nothing to say.
                Poll::Pending => return self.end.pipe.poll_gone(cx).map(Ended::Unread),
            }
        }
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Close>> {
        if let Poll::Ready(room) = self.end.pipe.poll_ready(cx) {
            self.full = None;
            return Poll::Ready(room);
        }
        let full = self.full.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        if full.is_elapsed() || full.as_mut().poll(cx).is_ready() {
            let limits = self.end.pipe.limits();
            let (frames, bytes) = self.end.pipe.queued();
            // Small frames cost more than their bytes.
            let frames_left = frames < limits.frames + OVERDRAFT / crate::wire::MAX_FRAME;
            if frames_left && bytes < limits.bytes + OVERDRAFT {
                return Poll::Ready(Ok(()));
            }
        }
        Poll::Pending
    }
}
