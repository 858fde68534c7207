//! Wrappers that implement one set of traits each, to avoid ambiguous extension methods.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Stream;
use futures::stream::FusedStream;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use super::ChannelReader;
use crate::channel::ReadError;
use crate::wire::Frame;

/// A reader that implements only [`AsyncRead`] and [`AsyncBufRead`]; see
/// [`ChannelReader::into_read`].
#[derive(Debug)]
pub struct ByteReader(ChannelReader);

/// A reader that implements only [`Stream`] of [`Frame`]s; see [`ChannelReader::into_stream`].
#[derive(Debug)]
pub struct FrameStream(ChannelReader);

/// A reader that implements only [`Stream`] of [`Bytes`], with [`io`] errors; see
/// [`ChannelReader::into_bytes`].
#[derive(Debug)]
pub struct ByteStream(ChannelReader);

impl ChannelReader {
    /// Returns only the payload, as a [`Stream`] of [`Bytes`], for tokio-util's `StreamReader` and
    /// HTTP bodies. The inverse is [`ByteStream::into_inner`].
    ///
    /// A failure is returned once, as an [`io::Error`] that contains the [`ReadError`]. Then the
    /// stream ends.
    pub fn into_bytes(self) -> ByteStream {
        ByteStream(self)
    }

    /// Keeps only [`AsyncRead`] and [`AsyncBufRead`]; the inverse is [`ByteReader::into_inner`].
    pub fn into_read(self) -> ByteReader {
        ByteReader(self)
    }

    /// Keeps only [`Stream`]; the inverse is [`FrameStream::into_inner`].
    pub fn into_stream(self) -> FrameStream {
        FrameStream(self)
    }
}

impl ByteReader {
    /// Returns the underlying reader.
    pub fn get_ref(&self) -> &ChannelReader {
        &self.0
    }

    /// Returns the underlying reader.
    pub fn get_mut(&mut self) -> &mut ChannelReader {
        &mut self.0
    }

    /// Returns the underlying reader; the inverse is [`ChannelReader::into_read`].
    pub fn into_inner(self) -> ChannelReader {
        self.0
    }
}

impl ByteStream {
    /// Returns the underlying reader.
    pub fn get_ref(&self) -> &ChannelReader {
        &self.0
    }

    /// Returns the underlying reader.
    pub fn get_mut(&mut self) -> &mut ChannelReader {
        &mut self.0
    }

    /// Returns the underlying reader; the inverse is [`ChannelReader::into_bytes`].
    pub fn into_inner(self) -> ChannelReader {
        self.0
    }
}

impl Stream for ByteStream {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = ready!(self.0.poll_bytes(cx));
        Poll::Ready(match polled {
            Ok(bytes) => bytes.map(Ok),
            Err(error) => self.0.tell_once(error).map(|error| Err(error.into())),
        })
    }
}

impl FusedStream for ByteStream {
    fn is_terminated(&self) -> bool {
        self.0.is_terminated()
    }
}

impl FusedStream for FrameStream {
    fn is_terminated(&self) -> bool {
        self.0.is_terminated()
    }
}

impl FrameStream {
    /// Returns the underlying reader.
    pub fn get_ref(&self) -> &ChannelReader {
        &self.0
    }

    /// Returns the underlying reader.
    pub fn get_mut(&mut self) -> &mut ChannelReader {
        &mut self.0
    }

    /// Returns the underlying reader; the inverse is [`ChannelReader::into_stream`].
    pub fn into_inner(self) -> ChannelReader {
        self.0
    }
}

impl AsyncRead for ByteReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncBufRead for ByteReader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Pin::new(&mut self.get_mut().0).poll_fill_buf(cx)
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        Pin::new(&mut self.0).consume(amount);
    }
}

impl Stream for FrameStream {
    type Item = Result<Frame, ReadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}
