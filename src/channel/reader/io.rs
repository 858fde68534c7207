use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use super::ChannelReader;
use crate::channel::coop::poll_coop;

/// Only a complete stream returns end of file. A failure is returned on every call, for example
/// `UnexpectedEof` for a truncated stream; see `From<ReadError> for io::Error`.
impl AsyncRead for ChannelReader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let inbox = &mut self.get_mut().inbox;
        let available = ready!(poll_coop(cx, |cx| inbox.poll_fill(cx)))?;
        let taken = available.len().min(buf.remaining());
        buf.put_slice(&available[..taken]);
        inbox.consume(taken);
        Poll::Ready(Ok(()))
    }
}

impl AsyncBufRead for ChannelReader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let inbox = &mut self.get_mut().inbox;
        poll_coop(cx, |cx| inbox.poll_fill(cx)).map_err(io::Error::from)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.get_mut().inbox.consume(amount);
    }
}
