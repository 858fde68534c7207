use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::encoder::ItemEncoder;
use crate::sync::{Sleep, sleep};
use crate::transport::later;

/// Retry interval while the sender holds the encoding.
const TICK: Duration = Duration::from_millis(1);

/// Whether there is a runtime to run a flusher.
pub(in crate::channel::items) fn can_start() -> bool {
    Handle::try_current().is_ok()
}

/// Starts the task that sends items which have waited too long, and heartbeats at the given
/// interval.
///
/// It ends with the sender. Without a runtime it does not exist, and `send` sends each item
/// immediately.
pub(in crate::channel::items) fn start<F: Send + 'static>(
    encoder: &Arc<ItemEncoder<F>>,
    beat: Option<Duration>,
) {
    if let Ok(runtime) = Handle::try_current() {
        let encoder = Arc::clone(encoder);
        runtime.spawn(async move { run(&encoder, beat.map(Heartbeats::new)).await });
    }
}

/// Flushes on behalf of the sender until the sender ends.
pub(in crate::channel::items) async fn run<F>(
    encoder: &ItemEncoder<F>,
    mut beat: Option<Heartbeats>,
) {
    let mut again = pin!(None::<Sleep>);
    poll_fn(|cx| {
        let mut state = loop {
            if let Some(state) = encoder.try_lock(cx.waker()) {
                break state;
            }
            // The sender is encoding an item, which may take long. Waiting for it here would block
            // this thread.
            again.set(Some(sleep(TICK)));
            if let Some(again) = again.as_mut().as_pin_mut()
                && again.poll(cx).is_pending()
            {
                return Poll::Pending;
            }
        };
        again.set(None);
        if state.over {
            return Poll::Ready(());
        }
        let sent = state.outbox.packer().framed();
        let due = beat.as_mut().is_some_and(|beat| beat.is_due(cx, sent));
        let beats = due && state.has_begun();
        encoder.flush(&mut state, beats);
        Poll::Pending
    })
    .await;
}

/// Schedules heartbeats for a sender that has nothing to send.
pub(in crate::channel::items) struct Heartbeats {
    /// Half of the promised interval. A check cannot detect what was sent just after the previous
    /// check.
    half: Duration,
    timer: Pin<Box<tokio::time::Sleep>>,
    /// Number of payload bytes sent at the last check.
    seen: u64,
}

impl Heartbeats {
    fn new(promised: Duration) -> Self {
        let half = promised / 2;
        Self {
            half,
            timer: Box::pin(tokio::time::sleep(half)),
            seen: 0,
        }
    }

    /// Whether nothing was sent since the last check; `sent` is the current number of payload
    /// bytes. Schedules the next check, which wakes the task.
    fn is_due(&mut self, cx: &mut Context<'_>, sent: u64) -> bool {
        let mut due = false;
        while self.timer.as_mut().poll(cx).is_ready() {
            self.timer.as_mut().reset(later(Instant::now(), self.half));
            due = self.seen == sent;
            self.seen = sent;
        }
        due
    }
}
