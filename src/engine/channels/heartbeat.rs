use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use crate::transport::{Transport, TransportError, later};

/// Sends the heartbeats that the client at one end of a channel has requested.
pub(in crate::engine) struct Heartbeat(Option<Signs>);

struct Signs {
    every: Duration,
    timer: Pin<Box<Sleep>>,
    /// The client's traffic at the last heartbeat.
    seen: u64,
}

impl Heartbeat {
    /// One heartbeat `every` interval; none for a client that requested none.
    pub(in crate::engine) fn new(every: Option<Duration>) -> Self {
        Self(every.map(|every| Signs {
            every,
            timer: Box::pin(sleep(every)),
            seen: 0,
        }))
    }

    /// Sends a heartbeat if it is due, without waiting if possible. `hungry` states that the engine
    /// has room and has received nothing since the last heartbeat. A heartbeat that cannot be sent
    /// is replaced by the next one.
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
