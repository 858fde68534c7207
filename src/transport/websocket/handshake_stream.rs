use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::request_head::{END, RequestHead};

/// The start of a response that opens a WebSocket.
const SWITCHING: &[u8] = b"HTTP/1.1 101";

/// Maximum length of the response's header section: four times what servers usually accept from a
/// client.
const LONGEST: usize = 64 << 10;

/// A stream during the handshake that keeps the bytes after a successful response.
///
/// A server may send frames immediately after the response. The library's handshake may have read
/// some of them and does not return them.
pub(super) struct HandshakeStream<S> {
    stream: S,
    request: RequestHead,
    read: BytesMut,
    /// Number of bytes of `read` that belong to the response, once known.
    answer: Option<usize>,
}

impl<S> HandshakeStream<S> {
    /// Creates a stream whose request is completed by `request`.
    pub(super) fn new(stream: S, request: RequestHead) -> Self {
        Self {
            stream,
            request,
            read: BytesMut::new(),
            answer: None,
        }
    }

    /// Returns the stream and the bytes read past the response.
    pub(super) fn into_parts(self) -> (S, BytesMut) {
        (self.stream, self.read)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HandshakeStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.answer.is_none() {
            let stream = Pin::new(&mut this.stream);
            let read = ready!(tokio_util::io::poll_read_buf(stream, cx, &mut this.read))?;
            let end = this
                .read
                .windows(END.len())
                .position(|window| window == END);
            let switches = this.read.starts_with(SWITCHING);
            // The body of a refusal is part of the response.
            if read == 0 || (end.is_some() && !switches) {
                this.answer = Some(this.read.len());
            } else if let Some(end) = end {
                this.answer = Some(end + END.len());
            } else if this.read.len() > LONGEST {
                let reason = format!("its answer to the handshake is over {LONGEST} bytes");
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, reason)));
            }
        }
        let left = this.answer.unwrap_or_default();
        let taken = left.min(buf.remaining());
        buf.put_slice(&this.read[..taken]);
        this.read.advance(taken);
        this.answer = Some(left - taken);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HandshakeStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().request.take(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self {
            stream, request, ..
        } = self.get_mut();
        ready!(request.poll_write(stream, cx))?;
        Pin::new(stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
