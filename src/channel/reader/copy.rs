use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use super::{ChannelReader, Inbox};
use crate::channel::coop::poll_coop;

impl ChannelReader {
    /// Writes the rest of the payload to `sink`, flushes it, and returns the number of bytes.
    ///
    /// Frames are written without being copied. When the stream pauses, the sink is flushed.
    ///
    /// # Errors
    ///
    /// Returns the error of the sink, or a [`ReadError`](crate::ReadError) as an [`io::Error`].
    /// Data that arrived before the error was written.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: unwritten data stays in the reader.
    pub async fn copy_to<W>(&mut self, sink: &mut W) -> io::Result<u64>
    where
        W: AsyncWrite + Unpin + ?Sized,
    {
        let mut copied = 0;
        let mut flushed = true;
        poll_fn(|cx| {
            loop {
                match poll_coop(cx, |cx| poll_part(&mut self.inbox, sink, cx))? {
                    Poll::Ready(Part::Written(0)) => break,
                    Poll::Ready(Part::Written(written)) => {
                        copied += written as u64;
                        flushed = false;
                    }
                    Poll::Ready(Part::Nothing) | Poll::Pending => {
                        if !flushed {
                            flushed = Pin::new(&mut *sink).poll_flush(cx)?.is_ready();
                        }
                        return Poll::Pending;
                    }
                }
            }
            Pin::new(&mut *sink).poll_flush(cx)
        })
        .await?;
        Ok(copied)
    }
}

/// The result of one part.
enum Part {
    /// Number of bytes written; 0 at the end of the stream.
    Written(usize),
    /// No data has arrived.
    Nothing,
}

fn poll_part<W: AsyncWrite + Unpin + ?Sized>(
    inbox: &mut Inbox,
    sink: &mut W,
    cx: &mut Context<'_>,
) -> Poll<io::Result<Part>> {
    let bytes = match inbox.poll_fill(cx)? {
        Poll::Pending => return Poll::Ready(Ok(Part::Nothing)),
        Poll::Ready([]) => return Poll::Ready(Ok(Part::Written(0))),
        Poll::Ready(bytes) => bytes,
    };
    let written = ready!(Pin::new(sink).poll_write(cx, bytes))?;
    if written == 0 {
        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
    }
    inbox.consume(written);
    Poll::Ready(Ok(Part::Written(written)))
}
