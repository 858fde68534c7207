use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use crate::transport::{Transport, TransportError, later};

/// Gives the client at one end of a channel the signs of life that it has asked for.
pub(in crate::engine) struct Beat(Option<(Duration, Pin<Box<Sleep>>)>);

impl Beat {
    /// One sign each `every`; none for a client that has not asked.
    pub(in crate::engine) fn new(every: Option<Duration>) -> Self {
        Self(every.map(|every| (every, Box::pin(sleep(every)))))
    }

    /// Sends a sign if it is time, and in it whether the engine is `hungry` for what the client
    /// sends, as far as that goes without waiting. What does not go is
    /// replaced by the next, and a client that does not read needs none.
    pub(super) fn poll<T: Transport>(
        &mut self,
        socket: &mut T,
        mut hungry: impl FnMut(&mut Context<'_>) -> bool,
        cx: &mut Context<'_>,
    ) -> Result<(), TransportError> {
        let Some((every, timer)) = &mut self.0 else {
            return Ok(());
        };
        while timer.as_mut().poll(cx).is_ready() {
            timer.as_mut().reset(later(Instant::now(), *every));
            socket.start_pong(hungry(cx))?;
            if let Poll::Ready(flushed) = socket.poll_flush(cx) {
                flushed?;
            }
        }
        Ok(())
    }
}
