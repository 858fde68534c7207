use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use super::ChannelReader;
use crate::channel::coop::poll_coop;

/// Only a complete stream returns end of file. Otherwise every call returns the error, for example
/// `UnexpectedEof` for a truncated stream; see `From<ReadError> for io::Error`.
///
/// If a read would fail directly after a read that returned data, it first returns `Pending` once.
/// In a stage, reads do not fail while the stage's writer waits for room. `tokio::io::copy`
/// therefore writes all data that precedes the error.
impl AsyncRead for ChannelReader {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let Self {
            inbox, error_delay, ..
        } = self.get_mut();
        match ready!(poll_coop(cx, |cx| inbox.poll_fill(cx))) {
            Ok(available) => {
                let taken = available.len().min(buf.remaining());
                buf.put_slice(&available[..taken]);
                inbox.consume(taken);
                error_delay.returned_data();
                Poll::Ready(Ok(()))
            }
            Err(error) => {
                ready!(error_delay.poll(cx));
                Poll::Ready(Err(error.into()))
            }
        }
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
