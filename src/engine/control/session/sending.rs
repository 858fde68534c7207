use std::future::Future;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, sleep_until};

use super::{Ended, Session};
use crate::engine::control::workers::drain::Pace;
use crate::transport::Transport;
use crate::wire::Frame;

/// Sends the messages of the worker's outbox.
impl<T: Transport> Session<'_, T> {
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        loop {
            match self.socket.poll_ready(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Ended::Lost(error)),
                Poll::Pending => return self.poll_stall(cx),
            }
            match self.member.outbox.poll_pop(cx) {
                Poll::Ready(Ok(message)) => {
                    if let Err(error) = self.socket.start_send(Frame::Message(message)) {
                        return Poll::Ready(Ended::Lost(error));
                    }
                    self.unflushed = true;
                }
                Poll::Ready(Err(close)) => return Poll::Ready(Ended::Dismissed(close)),
                Poll::Pending => break,
            }
        }
        if self.unflushed {
            match self.socket.poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(error)) => return Poll::Ready(Ended::Lost(error)),
                Poll::Pending => return self.poll_stall(cx),
            }
        }
        self.drain.empty();
        self.keep_alive_timer.all_sent(Instant::now().into_std());
        if std::mem::take(&mut self.behind) {
            // The worker has read its answers, so reading from it can continue.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Checks a worker that does not accept a waiting message immediately.
    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        loop {
            let now = Instant::now().into_std();
            self.keep_alive_timer.held_up(now);
            let until = match self.drain.waiting(now, self.socket.traffic().sent) {
                Pace::TooSlow => return Poll::Ready(Ended::Stalled),
                Pace::Until(until) => Instant::from_std(until),
            };
            let stall = self
                .stall
                .get_or_insert_with(|| Box::pin(sleep_until(until)));
            if stall.deadline() != until {
                stall.as_mut().reset(until);
            }
            ready!(stall.as_mut().poll(cx));
        }
    }
}
