use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::poll_read_buf;

#[cfg(feature = "engine")]
use super::charge::Charge;
use super::incoming::{Incoming, Message};
use super::outgoing::Outgoing;
use super::{Role, WebSocketLimits, buffers};
#[cfg(feature = "engine")]
use crate::transport::Account;
use crate::transport::{IdleTimeout, PeerExtensions, Received, Traffic, Transport, TransportError};
use crate::wire::{Close, Frame, HUNGRY};

/// Bytes to read at once while there is little traffic: a head, a message, an item.
const SMALL_READ: usize = 4 << 10;

/// Bytes of incomplete messages and pings to process before yielding to other tasks.
const TURN: usize = 256 << 10;
const PINGS: usize = 64;

/// A WebSocket connection after its handshake.
///
/// | phase | sends | `poll_receive` returns |
/// |---|---|---|
/// | `Open` | frames | frames |
/// | `Closing`: our close is queued | what is queued | frames, until the peer's close |
/// | `Closed`: the peer's close has arrived | the answer to it | the close again |
///
/// Reading adapts to the traffic. It starts with small reads, takes a large buffer from the pool
/// when a read was full, and returns the buffer when no data arrives.
pub(crate) struct WebSocket<S> {
    stream: S,
    incoming: Incoming,
    outgoing: Outgoing,
    phase: Phase,
    /// Bytes that were read and do not form a complete message yet.
    input: BytesMut,
    /// Whether `input` is a pooled buffer.
    pooled: bool,
    /// Size of the next read.
    read_size: usize,
    /// Bytes read since the socket was last empty.
    burst: usize,
    read_most: usize,
    traffic: Traffic,
    /// Whether the peer blocked the last write.
    held_up: bool,
    agreed: PeerExtensions,
    /// Set if the peer promised heartbeats.
    idle_timeout: Option<IdleTimeout>,
    /// Set if many connections share a budget.
    #[cfg(feature = "engine")]
    charge: Option<Charge>,
}

enum Phase {
    Open,
    Closing,
    Closed(Close),
}

impl<S> WebSocket<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Creates a connection over `stream`; `read` holds bytes read past the handshake.
    pub(super) fn new(stream: S, read: BytesMut, role: Role, limits: WebSocketLimits) -> Self {
        Self {
            stream,
            incoming: Incoming::new(role, limits),
            outgoing: Outgoing::new(role),
            phase: Phase::Open,
            input: read,
            pooled: false,
            read_size: SMALL_READ.min(limits.read_buffer),
            burst: 0,
            read_most: limits.read_buffer,
            traffic: Traffic::default(),
            held_up: false,
            agreed: PeerExtensions::default(),
            idle_timeout: None,
            #[cfg(feature = "engine")]
            charge: None,
        }
    }

    /// Considers the peer lost if it sends no heartbeat for this time.
    pub(super) fn lost_after(mut self, idle_timeout: Option<Duration>) -> Self {
        self.idle_timeout = idle_timeout.map(|longest| IdleTimeout::of("the engine", longest));
        self
    }

    /// Stores what the peer declared in the handshake.
    pub(crate) fn agree(mut self, agreed: PeerExtensions) -> Self {
        self.agreed = agreed;
        self
    }

    /// Creates the server side of a connection.
    #[cfg(feature = "engine")]
    pub(crate) fn accepted(stream: S, read: Bytes, limits: WebSocketLimits) -> Self {
        Self::new(stream, read.into(), Role::Server, limits)
    }

    /// Charges long incomplete messages to `account`.
    #[cfg(feature = "engine")]
    pub(crate) fn charged(mut self, account: Account) -> Self {
        self.charge = Some(Charge::new(account));
        self
    }

    /// Charges the bytes that are held now.
    #[cfg(feature = "engine")]
    fn count(&mut self) -> Result<(), TransportError> {
        match &mut self.charge {
            Some(charge) => charge.keep(self.input.len() + self.incoming.joined()),
            None => Ok(()),
        }
    }

    #[cfg(not(feature = "engine"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "see above")]
    fn count(&mut self) -> Result<(), TransportError> {
        Ok(())
    }

    /// Returns the underlying stream; bytes that were already read are lost.
    #[cfg(feature = "engine")]
    pub(crate) fn into_inner(self) -> S {
        self.stream
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, TransportError>> {
        let mut taken = 0;
        loop {
            if let Some(message) = self.incoming.next(&mut self.input)? {
                self.count()?;
                // This side could not send for so long that the request does not prove that the
                // peer is alive.
                if !matches!(message, Message::Pong { hungry: true }) || self.outgoing.is_empty() {
                    self.hear();
                }
                return Poll::Ready(Ok(message));
            }
            if taken >= TURN {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match self.poll_read(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(TransportError::eof())),
                Poll::Ready(Ok(read)) => {
                    taken += read;
                    self.traffic.signs += 1;
                    self.count()?;
                    // Outgoing data is handled one message at a time.
                    if self.outgoing.is_empty() {
                        self.hear();
                    }
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(TransportError::Lost(error))),
                Poll::Pending => {
                    return match &mut self.idle_timeout {
                        Some(idle_timeout) => idle_timeout.poll(cx).map(Err),
                        None => Poll::Pending,
                    };
                }
            }
        }
    }

    /// Records that the peer is alive.
    fn hear(&mut self) {
        if let Some(idle_timeout) = &mut self.idle_timeout {
            idle_timeout.heard();
        }
    }

    /// Reads once, into a buffer whose size follows the traffic.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // A long frame is read into one buffer, but room is made only for bytes that have arrived:
        // the head of a frame alone allocates nothing.
        let missing = self.incoming.missing(self.input.len());
        let room = self.read_size.max(missing.min(self.read_most));
        if self.input.capacity() == self.input.len() {
            self.make_room(room, missing);
        }
        let had = self.input.capacity() - self.input.len();
        let stream = Pin::new(&mut self.stream);
        match poll_read_buf(stream, cx, &mut self.input) {
            Poll::Ready(Ok(read)) => {
                self.burst += read;
                if read == had {
                    self.read_size = (self.read_size * 8).min(self.read_most);
                }
                Poll::Ready(Ok(read))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.rest();
                Poll::Pending
            }
        }
    }

    /// Makes room for about `room` more bytes, of which `missing` complete a frame.
    fn make_room(&mut self, room: usize, missing: usize) {
        let begun = self.input.len();
        let much = room > SMALL_READ
            && self.read_most >= buffers::SIZE
            && begun + missing.max(SMALL_READ) <= buffers::SIZE;
        let taken = if much { buffers::take() } else { None };
        let room = match taken {
            None if much => room.min(buffers::CROWDED).max(missing),
            _ => room,
        };
        // Doubles each time, so that a long message is copied about once, but never beyond the end
        // of the frame.
        let room = if missing > 0 {
            room.max(begun.min(missing))
        } else {
            room.max(begun)
        };
        if taken.is_none() && !self.pooled {
            self.input.reserve(room);
            return;
        }
        let pooled = taken.is_some();
        let mut larger = taken.unwrap_or_else(|| BytesMut::with_capacity(begun + room));
        larger.extend_from_slice(&self.input);
        self.put_away();
        self.input = larger;
        self.pooled = pooled;
    }

    /// Releases the buffer and leaves `input` empty.
    fn put_away(&mut self) {
        let buffer = std::mem::take(&mut self.input);
        if std::mem::take(&mut self.pooled) {
            buffers::give(buffer);
        }
    }

    /// Releases large buffers while the connection is idle.
    fn rest(&mut self) {
        if self.input.is_empty() && self.input.capacity() > 0 {
            self.put_away();
        }
        if self.burst > 0 {
            let like_the_last = self.burst.next_power_of_two().max(SMALL_READ);
            self.read_size = self.read_size.min(like_the_last);
            self.burst = 0;
        }
    }

    /// Writes the queued bytes as far as the socket accepts them.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        while !self.outgoing.is_empty() {
            let mut slices = Outgoing::no_slices();
            let used = self.outgoing.slices(&mut slices);
            let stream = Pin::new(&mut self.stream);
            let Poll::Ready(written) = stream.poll_write_vectored(cx, &slices[..used]) else {
                self.held_up = true;
                return Poll::Pending;
            };
            let written = written.map_err(TransportError::Lost)?;
            if std::mem::take(&mut self.held_up) {
                self.traffic.signs += 1;
            }
            self.traffic.sent += written as u64;
            if written == 0 {
                let error = io::Error::from(io::ErrorKind::WriteZero);
                return Poll::Ready(Err(TransportError::Lost(error)));
            }
            self.outgoing.advance(written);
            self.hear();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S> Transport for WebSocket<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + Sync,
{
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        if let Phase::Closed(close) = &self.phase {
            return Poll::Ready(Received::Closed(close.clone()));
        }
        let closing = matches!(self.phase, Phase::Closing);
        for _ in 0..PINGS {
            return Poll::Ready(match ready!(self.poll_message(cx)) {
                Ok(Message::Frame(frame)) => Received::Frame(frame),
                // The peer asks for data although everything was sent, so a part of it was lost.
                Ok(Message::Pong { hungry: true }) if closing => continue,
                Ok(Message::Pong { .. }) => Received::Pong,
                Ok(Message::Ping(payload)) => {
                    // No answer after our own close (RFC 6455 §5.5.1).
                    if matches!(self.phase, Phase::Open) {
                        self.outgoing.pong(payload);
                        if let Poll::Ready(Err(error)) = self.poll_flush(cx) {
                            return Poll::Ready(Received::Lost(error));
                        }
                    }
                    continue;
                }
                Ok(Message::Close(close)) => {
                    if matches!(self.phase, Phase::Open) {
                        let answer = Close {
                            reason: "".into(),
                            ..close.clone()
                        };
                        self.outgoing.close(&answer);
                    }
                    // Sends the answer, or our own close that crossed the peer's, as far as
                    // possible now; the next flush sends the rest.
                    let _ = self.poll_flush(cx);
                    self.phase = Phase::Closed(close.clone());
                    Received::Closed(close)
                }
                Err(error) => Received::Lost(error),
            });
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        match &self.phase {
            Phase::Open if !self.outgoing.is_full() => Poll::Ready(Ok(())),
            Phase::Open => {
                // Room for one message is enough, but a started write continues while possible.
                let written = self.poll_write(cx)?;
                if written.is_pending() && self.outgoing.is_full() {
                    return Poll::Pending;
                }
                Poll::Ready(Ok(()))
            }
            Phase::Closing => Poll::Ready(Err(TransportError::Closed(Close::NORMAL))),
            Phase::Closed(close) => Poll::Ready(Err(TransportError::Closed(close.clone()))),
        }
    }

    fn start_send(&mut self, frame: Frame) -> Result<(), TransportError> {
        match &self.phase {
            Phase::Open => {
                self.outgoing.frame(frame);
                Ok(())
            }
            Phase::Closing => Err(TransportError::Closed(Close::NORMAL)),
            Phase::Closed(close) => Err(TransportError::Closed(close.clone())),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        ready!(self.poll_write(cx))?;
        Pin::new(&mut self.stream)
            .poll_flush(cx)
            .map_err(TransportError::Lost)
    }

    fn start_close(&mut self, close: Close) -> Result<(), TransportError> {
        if matches!(self.phase, Phase::Open) {
            self.outgoing.close(&close);
            self.phase = Phase::Closing;
        }
        Ok(())
    }

    fn start_ping(&mut self) -> Result<(), TransportError> {
        if matches!(self.phase, Phase::Open) {
            self.outgoing.ping();
        }
        Ok(())
    }

    fn start_pong(&mut self, hungry: bool) -> Result<(), TransportError> {
        if matches!(self.phase, Phase::Open) {
            let payload = if hungry { HUNGRY } else { b"" };
            self.outgoing.pong(Bytes::from_static(payload));
        }
        Ok(())
    }

    fn traffic(&self) -> Traffic {
        self.traffic
    }

    fn agreed(&self) -> PeerExtensions {
        self.agreed
    }
}
