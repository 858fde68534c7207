//! Wrappers that implement one set of traits each, to avoid ambiguous extension methods.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Sink;
use tokio::io::AsyncWrite;

use super::ChannelWriter;
use crate::channel::WriteError;
use crate::wire::Frame;

/// A writer that implements only [`AsyncWrite`]; see [`ChannelWriter::into_write`].
#[derive(Debug)]
pub struct ByteWriter(ChannelWriter);

/// A writer that implements only [`Sink`] of [`Frame`]s; see [`ChannelWriter::into_sink`].
#[derive(Debug)]
pub struct FrameSink(ChannelWriter);

impl ChannelWriter {
    /// Keeps only [`AsyncWrite`]; the inverse is [`ByteWriter::into_inner`].
    pub fn into_write(self) -> ByteWriter {
        ByteWriter(self)
    }

    /// Keeps only [`Sink`]; the inverse is [`FrameSink::into_inner`].
    pub fn into_sink(self) -> FrameSink {
        FrameSink(self)
    }
}

impl ByteWriter {
    /// Returns the underlying writer.
    pub fn get_ref(&self) -> &ChannelWriter {
        &self.0
    }

    /// Returns the underlying writer.
    pub fn get_mut(&mut self) -> &mut ChannelWriter {
        &mut self.0
    }

    /// Returns the underlying writer; the inverse is [`ChannelWriter::into_write`].
    pub fn into_inner(self) -> ChannelWriter {
        self.0
    }
}

impl FrameSink {
    /// Returns the underlying writer.
    pub fn get_ref(&self) -> &ChannelWriter {
        &self.0
    }

    /// Returns the underlying writer.
    pub fn get_mut(&mut self) -> &mut ChannelWriter {
        &mut self.0
    }

    /// Returns the underlying writer; the inverse is [`ChannelWriter::into_sink`].
    pub fn into_inner(self) -> ChannelWriter {
        self.0
    }
}

impl AsyncWrite for ByteWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(Pin::new(&mut self.0), cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl Sink<Frame> for FrameSink {
    type Error = WriteError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        Pin::new(&mut self.0).poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, frame: Frame) -> Result<(), WriteError> {
        Pin::new(&mut self.0).start_send(frame)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        Sink::poll_flush(Pin::new(&mut self.0), cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}
