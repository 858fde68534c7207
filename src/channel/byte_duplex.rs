use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

use super::{ChannelReader, ChannelWriter};

/// Two channels as one bidirectional byte stream: writes go into one channel, reads come from the
/// other.
///
/// Use it for code that needs one [`AsyncRead`] and [`AsyncWrite`] type, such as another protocol.
/// `shutdown` ends the written stream; the read stream continues to its own end. Dropping it aborts
/// the written stream and cancels the read stream, unless they have ended.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "engine")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> pipewright::Result<()> {
/// use pipewright::ByteDuplex;
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// let worker = pipewright::Worker::embedded().await?;
/// let (there, back) = (worker.create_channel(None).await?, worker.create_channel(None).await?);
/// let mut here = ByteDuplex::new(back.reader, there.writer);
/// let mut peer = ByteDuplex::new(there.reader, back.writer);
///
/// here.write_all(b"ping").await?;
/// here.flush().await?;
/// let mut word = [0; 4];
/// peer.read_exact(&mut word).await?;
/// assert_eq!(&word, b"ping");
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "engine"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct ByteDuplex {
    reader: ChannelReader,
    writer: ChannelWriter,
}

impl ByteDuplex {
    /// Combines the reader of one channel with the writer of another. The inverse is
    /// [`into_parts`](Self::into_parts).
    pub fn new(reader: ChannelReader, writer: ChannelWriter) -> Self {
        Self { reader, writer }
    }

    /// Returns the two ends.
    pub fn into_parts(self) -> (ChannelReader, ChannelWriter) {
        (self.reader, self.writer)
    }

    /// Returns the reading end.
    pub fn reader(&mut self) -> &mut ChannelReader {
        &mut self.reader
    }

    /// Returns the writing end.
    pub fn writer(&mut self) -> &mut ChannelWriter {
        &mut self.writer
    }
}

impl AsyncRead for ByteDuplex {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reader).poll_read(cx, buf)
    }
}

impl AsyncBufRead for ByteDuplex {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Pin::new(&mut self.get_mut().reader).poll_fill_buf(cx)
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        Pin::new(&mut self.reader).consume(amount);
    }
}

impl AsyncWrite for ByteDuplex {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(Pin::new(&mut self.writer), cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_shutdown(cx)
    }
}
