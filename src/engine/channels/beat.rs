use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use crate::transport::{Transport, TransportError, later};

/// Gives the client at one end of a channel the signs of life that it has asked for.
pub(in crate::engine) struct Beat(Option<Signs>);

struct Signs {
    every: Duration,
    timer: Pin<Box<Sleep>>,
    /// What the client had given of itself by the last sign.
    seen: u64,
}

impl Beat {
    /// One sign each `every`; none for a client that has not asked.
    pub(in crate::engine) fn new(every: Option<Duration>) -> Self {
        Self(every.map(|every| Signs {
            every,
            timer: Box::pin(sleep(every)),
            seen: 0,
        }))
    }

    /// Sends a sign if it is time, as far as that goes without waiting. It says whether the engine
    /// is `hungry` for what the client sends, and has got nothing since the last sign. What does
    /// not go is replaced by the next, and a client that does not read needs none.
    pub(super) fn poll<T: Transport>(
        &mut self,
        socket: &mut T,
        mut hungry: impl FnMut(&mut Context<'_>) -> bool,
        cx: &mut Context<'_>,
    ) -> Result<(), TransportError> {
        let Some(Signs { every, timer, seen }) = &mut self.0 else {
            return Ok(());
        };
        while timer.as_mut().poll(cx).is_ready() {
            timer.as_mut().reset(later(Instant::now(), *every));
            let signs = socket.traffic().signs;
            let starved = std::mem::replace(seen, signs) == signs;
            socket.start_pong(starved && hungry(cx))?;
            if let Poll::Ready(flushed) = socket.poll_flush(cx) {
                flushed?;
            }
        }
        Ok(())
    }
}
