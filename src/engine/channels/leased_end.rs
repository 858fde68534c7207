use std::task::{Context, Poll};

use super::{Lease, ReaderEnd, WriterEnd};
use crate::transport::{Memory, Received, Traffic, Transport, TransportError};
use crate::wire::{Close, Frame};

/// A channel end held by a client in this process.
///
/// It releases its lease as soon as the stream has ended, not when it is dropped, so that the
/// channel is freed even if the client keeps the end.
pub(in crate::engine) struct Leased {
    connection: Memory,
    lease: Option<Lease>,
}

impl Leased {
    pub(in crate::engine) fn reader(end: ReaderEnd) -> Self {
        Self {
            connection: Memory::reader(end.pipe),
            lease: Some(end.lease),
        }
    }

    pub(in crate::engine) fn writer(end: WriterEnd) -> Self {
        Self {
            connection: Memory::writer(end.pipe),
            lease: Some(end.lease),
        }
    }
}

impl Transport for Leased {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        let received = self.connection.poll_receive(cx);
        if let Poll::Ready(Received::Closed(_) | Received::Lost(_)) = received {
            self.lease = None;
        }
        received
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.connection.poll_ready(cx)
    }

    fn start_send(&mut self, frame: Frame) -> Result<(), TransportError> {
        self.connection.start_send(frame)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.connection.poll_flush(cx)
    }

    fn start_close(&mut self, close: Close) -> Result<(), TransportError> {
        let closed = self.connection.start_close(close);
        self.lease = None;
        closed
    }

    fn start_ping(&mut self) -> Result<(), TransportError> {
        self.connection.start_ping()
    }

    fn traffic(&self) -> Traffic {
        self.connection.traffic()
    }
}
