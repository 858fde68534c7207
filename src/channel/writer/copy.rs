use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};

use bytes::BytesMut;
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

use super::ChannelWriter;
use crate::channel::coop::poll_coop;
use crate::wire::MAX_FRAME;

/// Number of bytes to read at once: as many frames as fit into the buffer of a connection.
const BUFFER: usize = 4 * MAX_FRAME;

impl ChannelWriter {
    /// Writes everything from `source` up to its end, flushes, and returns the number of bytes.
    ///
    /// It reads up to 256 KiB at once and sends whole frames without copying them. When the source
    /// pauses, the partial frame is sent.
    ///
    /// # Errors
    ///
    /// Returns the error of the source, or a [`WriteError`](crate::WriteError) as an [`io::Error`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: data that was read has been accepted, and the next operation sends it.
    /// [`report`](Self::report) returns the number of bytes.
    pub async fn copy_from<R>(&mut self, source: &mut R) -> io::Result<u64>
    where
        R: AsyncRead + Unpin + ?Sized,
    {
        let mut copied = 0;
        let mut buffer = BytesMut::new();
        poll_fn(|cx| {
            loop {
                ready!(self.outbox.poll_ready(cx))?;
                buffer.reserve(BUFFER);
                let read = poll_coop(cx, |cx| {
                    poll_read_buf(Pin::new(&mut *source), cx, &mut buffer)
                });
                match read? {
                    Poll::Ready(0) => return Poll::Ready(io::Result::Ok(())),
                    Poll::Ready(read) => {
                        copied += read as u64;
                        self.outbox.push_data(buffer.split().freeze());
                        self.outbox.drain_now(cx);
                    }
                    Poll::Pending => {
                        let flushed = self.outbox.poll_flush(cx)?;
                        // Waits for the source.
                        if flushed.is_ready() {
                            self.outbox.stop_waiting();
                        }
                        return Poll::Pending;
                    }
                }
            }
        })
        .await?;
        self.flush().await?;
        Ok(copied)
    }
}
