use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use super::ChannelWriter;
use crate::channel::coop::poll_coop;

/// `poll_shutdown` is [`ChannelWriter::close`]: it flushes, sends the end message and the close
/// frame, and waits for the engine's confirmation.
impl AsyncWrite for ChannelWriter {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let outbox = &mut self.get_mut().outbox;
        let written = poll_coop(cx, |cx| {
            ready!(outbox.poll_ready(cx))?;
            let taken = outbox.fill_tail(buf);
            outbox.drain_now(cx);
            Poll::Ready(Ok(taken))
        });
        outbox.counted(written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if bufs.iter().all(|buf| buf.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        let outbox = &mut self.get_mut().outbox;
        let written = poll_coop(cx, |cx| {
            ready!(outbox.poll_ready(cx))?;
            let mut taken = 0;
            for buf in bufs {
                let part = outbox.fill_tail(buf);
                taken += part;
                // The frame is full.
                if part < buf.len() {
                    break;
                }
            }
            outbox.drain_now(cx);
            Poll::Ready(Ok(taken))
        });
        outbox.counted(written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outbox = &mut self.get_mut().outbox;
        poll_coop(cx, |cx| outbox.poll_flush(cx)).map_err(io::Error::from)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outbox = &mut self.get_mut().outbox;
        poll_coop(cx, |cx| outbox.poll_close(cx)).map_err(io::Error::from)
    }
}
