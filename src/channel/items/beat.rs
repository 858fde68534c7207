use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use crate::transport::later;

/// Tells when a sender that has nothing to send owes its receiver a sign of life.
pub(super) struct Beat {
    /// Twice as often as promised: what was sent just behind a look is not seen by it.
    half: Duration,
    timer: Pin<Box<Sleep>>,
    /// Payload bytes that had gone at the last look.
    seen: u64,
}

impl Beat {
    pub(super) fn new(promised: Duration) -> Self {
        let half = promised / 2;
        Self {
            half,
            timer: Box::pin(sleep(half)),
            seen: 0,
        }
    }

    /// Whether nothing has gone since the last look, when `sent` payload bytes have gone by now. It
    /// looks when it is time, and wakes the task then.
    pub(super) fn is_due(&mut self, cx: &mut Context<'_>, sent: u64) -> bool {
        let mut due = false;
        while self.timer.as_mut().poll(cx).is_ready() {
            self.timer.as_mut().reset(later(Instant::now(), self.half));
            due = self.seen == sent;
            self.seen = sent;
        }
        due
    }
}
