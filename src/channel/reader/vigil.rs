use std::task::{Context, Poll};
use std::time::Duration;

use crate::transport::{Received, Silence};
use crate::wire::Header;

/// How many of the signs of life that a writer has promised may fail to come.
const MISSED: u32 = 3;

/// A shorter silence is none, however often a writer has promised to be heard: timers and
/// schedulers are not that exact.
const LEAST: Duration = Duration::from_secs(1);

/// Watches over the signs of life that the header of a stream promises, if it does.
#[derive(Debug, Default)]
pub(super) struct Vigil(Option<Silence>);

impl Vigil {
    /// For a stream with this header.
    pub(super) fn over(header: &Header) -> Self {
        let every = header.heartbeat_ms.map(Duration::from_millis);
        Self(every.map(|every| Silence::of("the writer", every.saturating_mul(MISSED).max(LEAST))))
    }

    /// What was received, or that nothing was for too long.
    pub(super) fn hear(
        &mut self,
        received: Poll<Received>,
        cx: &mut Context<'_>,
    ) -> Poll<Received> {
        let Some(silence) = &mut self.0 else {
            return received;
        };
        match received {
            Poll::Pending => silence.poll(cx).map(Received::Lost),
            // A sign of life of the engine, not of the writer.
            Poll::Ready(Received::Pong) => received,
            Poll::Ready(_) => {
                silence.heard();
                received
            }
        }
    }
}
