use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

use crate::channel::{NoOutput, WriterWatch};
use crate::transport::{IdleTimeout, Received};
use crate::wire::{Abort, Close, Frame, Header, InBand};

/// Number of promised heartbeats that may be missed.
const MISSED: u32 = 3;

/// Minimum timeout for heartbeats, because timers and schedulers are not exact.
const LEAST: Duration = Duration::from_secs(1);

/// How long a reader waits after the writing stage has ended without closing its writer. Data sent
/// earlier may still be on its way through the engine.
const LEFT_OPEN: Duration = Duration::from_secs(2);

/// The same for a stage that, as far as is known, has opened no channel end.
const NO_STAGE: Duration = Duration::from_millis(500);

/// Monitors the writer of a stream while its reader waits: the heartbeats that the header promises,
/// if any, and the writing stage.
#[derive(Debug, Default)]
pub(super) struct WriterMonitor {
    silence: Option<IdleTimeout>,
    writer: WriterWatch,
    /// Whether anything has been received.
    has_heard: bool,
    /// Runs while the reader waits for a stage that has ended.
    left_open: Option<Pin<Box<Sleep>>>,
}

impl WriterMonitor {
    /// Also monitors the writing stage.
    pub(super) fn watch(&mut self, writer: WriterWatch) {
        self.writer = writer;
    }

    /// Expects the heartbeats that `header` promises.
    pub(super) fn expect(&mut self, header: &Header) {
        let every = header.heartbeat_ms.map(Duration::from_millis);
        self.silence = every
            .map(|every| IdleTimeout::of("the writer", every.saturating_mul(MISSED).max(LEAST)));
    }

    /// Returns the received frame, or a timeout if there was none. For a stage that has ended
    /// without closing its writer, returns the abort or end that the stage failed to send.
    pub(super) fn hear(
        &mut self,
        received: Poll<Received>,
        cx: &mut Context<'_>,
    ) -> Poll<Received> {
        match received {
            Poll::Pending => {
                let owed = self.poll_left_open(cx);
                if owed.is_ready() {
                    return owed;
                }
                match &mut self.silence {
                    Some(silence) => silence.poll(cx).map(Received::Lost),
                    None => Poll::Pending,
                }
            }
            // A pong shows that the engine is alive, not that the writer is.
            Poll::Ready(Received::Pong) => received,
            Poll::Ready(_) => {
                self.left_open = None;
                self.has_heard = true;
                if let Some(silence) = &mut self.silence {
                    silence.heard();
                }
                received
            }
        }
    }

    fn poll_left_open(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        let over = ready!(self.writer.poll_over(cx)).clone();
        let silence = if self.has_heard {
            NoOutput::LeftOpen
        } else {
            over.silence
        };
        let wait = match silence {
            NoOutput::NoStage => NO_STAGE,
            NoOutput::LeftOpen | NoOutput::Empty => LEFT_OPEN,
        };
        let waited = self
            .left_open
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(wait)));
        ready!(waited.as_mut().poll(cx));
        let abort = match silence {
            NoOutput::Empty => return Poll::Ready(Received::Closed(Close::NORMAL)),
            NoOutput::LeftOpen => Abort::left_open(over.stage),
            NoOutput::NoStage => Abort::no_stage(over.stage),
        };
        Poll::Ready(Received::Frame(Frame::Message(
            InBand::Abort(abort).encode(),
        )))
    }
}
