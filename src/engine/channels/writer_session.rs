use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

use super::read_credit::ReadCredit;
use super::{Heartbeat, WriterEnd};
use crate::engine::behaviour::Behaviour;
use crate::engine::core::Core;
use crate::engine::net::closing::{self, CloseOutcome};
use crate::engine::owners::Ownership;
use crate::transport::{Received, Transport, TransportError};
use crate::wire::{Close, MAX_FRAME};

/// Number of bytes to read from a socket before yielding to the reader's task, while the bytes are
/// in the CPU cache. It also keeps one writer from filling its pipe first.
pub(super) const TURN: usize = 256 << 10;

/// Additional cost of a frame in bytes, because empty frames cost work, too.
pub(super) const FRAME: usize = 512;

/// Relays frames from a writer's socket to the pipe of its channel.
///
/// | state | socket | pipe | left by |
/// |---|---|---|---|
/// | room | read, pushed | filled | a full pipe |
/// | full | not read, so that TCP makes the writer wait | watched | room; a [`ReadCredit`] |
/// | overdrawn | read, pushed | filled beyond its bound | the end of the read credit |
///
/// In each state, the session ends immediately when the reader leaves.
pub(in crate::engine) struct WriterSession<'a, T> {
    socket: &'a mut T,
    end: WriterEnd,
    heartbeats: Heartbeat,
    read_credit: ReadCredit,
    /// When to query the read credit again; created when the pipe is first full.
    timer: Option<Pin<Box<Sleep>>>,
    behaviour: Behaviour,
}

/// Why a session ended.
enum Ended {
    /// The writer has closed.
    Closed(Close),
    /// The writer disconnected without a close, or violated the protocol.
    Lost(TransportError),
    /// The reader has left.
    Unread(Close),
}

impl<'a, T: Transport> WriterSession<'a, T> {
    pub(in crate::engine) fn new(
        socket: &'a mut T,
        end: WriterEnd,
        heartbeats: Heartbeat,
        behaviour: Behaviour,
    ) -> Self {
        Self {
            socket,
            end,
            heartbeats,
            read_credit: ReadCredit::default(),
            timer: None,
            behaviour,
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
            () = core.stopping.cancelled() => Ended::Unread(Close::STOPPING),
            () = ownership.silent() => Ended::Lost(TransportError::silent()),
        };
        let Self {
            socket,
            end,
            behaviour,
            ..
        } = self;
        let WriterEnd { mut pipe, lease } = end;
        match ended {
            Ended::Closed(close) => {
                // For a complete stream, the reader needs no details. Otherwise, code and reason
                // may help it.
                pipe.end(if close.is_clean() {
                    Close::NORMAL
                } else {
                    close
                });
                drop(lease);
                closing::answer(socket).await
            }
            Ended::Lost(error) => {
                tracing::debug!(%error, "a channel writer was lost");
                // Dropped without an end: the reader sees a lost writer.
                drop((pipe, lease));
                closing::broken(socket, error).await
            }
            Ended::Unread(close) => {
                // If the engine stops, the reader must see that instead of a lost writer.
                pipe.end(close.clone());
                drop((pipe, lease));
                if behaviour.is_iii() {
                    return CloseOutcome::Done;
                }
                closing::close(socket, close, closing::BRIEF).await
            }
        }
    }

    fn poll_relay(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        let pipe = &mut self.end.pipe;
        let hungry = |cx: &mut Context<'_>| pipe.poll_ready(cx).is_ready();
        if let Err(error) = self.heartbeats.poll(self.socket, hungry, cx) {
            return Poll::Ready(Ended::Lost(error));
        }
        let mut taken = 0;
        loop {
            if taken >= TURN {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let unread = match self.poll_room(cx) {
                Poll::Ready(Ok(())) => None,
                // An iii engine notices it at the next frame.
                Poll::Ready(Err(close)) if self.behaviour.is_iii() => Some(close),
                Poll::Ready(Err(close)) => return Poll::Ready(Ended::Unread(close)),
                Poll::Pending => return Poll::Pending,
            };
            match self.socket.poll_receive(cx) {
                Poll::Ready(Received::Frame(frame)) => {
                    if let Some(close) = unread {
                        return Poll::Ready(Ended::Unread(close));
                    }
                    taken += frame.len() + FRAME;
                    self.read_credit.received(frame.len());
                    self.end.pipe.push(frame);
                }
                Poll::Ready(Received::Pong) => taken += FRAME,
                Poll::Ready(Received::Closed(close)) => return Poll::Ready(Ended::Closed(close)),
                Poll::Ready(Received::Lost(error)) => return Poll::Ready(Ended::Lost(error)),
                Poll::Pending => {
                    self.read_credit.drained();
                    if self.behaviour.is_iii() {
                        return Poll::Pending;
                    }
                    // The reader may disconnect while its writer is idle.
                    return self.end.pipe.poll_gone(cx).map(Ended::Unread);
                }
            }
        }
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Close>> {
        if let Poll::Ready(room) = self.end.pipe.poll_ready(cx) {
            return Poll::Ready(room);
        }
        loop {
            let (granted, again) = self.read_credit.granted(Instant::now().into_std());
            let limits = self.end.pipe.limits();
            let (frames, bytes) = self.end.pipe.queued();
            // Small frames cost more than their bytes.
            if frames < limits.frames + granted / MAX_FRAME
                && bytes < limits.bytes + granted
                && self.end.pipe.has_room()
            {
                return Poll::Ready(Ok(()));
            }
            let again = Instant::from_std(again);
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(sleep_until(again)));
            if timer.deadline() != again {
                timer.as_mut().reset(again);
            }
            ready!(timer.as_mut().poll(cx));
        }
    }
}
