use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::TransportError;

/// Detects a peer that promised heartbeats and sends none.
///
/// Only the time in which a caller waits counts, so poll it only when no received data is
/// available. Recording a frame is one assignment; its effect on the timer is computed later.
#[derive(Debug)]
pub(crate) struct IdleTimeout {
    /// The peer, for the error message.
    peer: &'static str,
    longest: Duration,
    /// Whether anything arrived since the last poll.
    heard: bool,
    since: Instant,
    /// Created by the first wait.
    timer: Option<Pin<Box<Sleep>>>,
}

impl IdleTimeout {
    pub(crate) fn of(peer: &'static str, longest: Duration) -> Self {
        Self {
            peer,
            longest,
            heard: true,
            since: Instant::now(),
            timer: None,
        }
    }

    /// Records that the peer sent something, or that no caller was waiting.
    pub(crate) fn heard(&mut self) {
        self.heard = true;
    }

    /// Ready when the caller has waited for too long. Poll it whenever a caller waits.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<TransportError> {
        if std::mem::take(&mut self.heard) {
            self.since = Instant::now();
        }
        // A timeout that the clock cannot express never expires.
        let Some(until) = self.since.checked_add(self.longest) else {
            return Poll::Pending;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= until {
                return Poll::Ready(self.error());
            }
            timer.as_mut().reset(until);
        }
        Poll::Pending
    }

    fn error(&self) -> TransportError {
        let reason = format!("{} did not respond for {:?}", self.peer, self.longest);
        TransportError::Lost(io::Error::new(io::ErrorKind::TimedOut, reason))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::time::{Instant, advance, timeout};

    use super::IdleTimeout;

    const LONGEST: Duration = Duration::from_secs(3);

    #[tokio::test(start_paused = true)]
    async fn only_silence_that_somebody_waits_in_counts() {
        let mut idle_timeout = IdleTimeout::of("it", LONGEST);
        advance(10 * LONGEST).await;
        for _ in 0..3 {
            let begin = Instant::now();
            let waited = timeout(LONGEST / 2, poll_fn(|cx| idle_timeout.poll(cx))).await;
            assert!(waited.is_err());
            assert_eq!(begin.elapsed(), LONGEST / 2);
            idle_timeout.heard();
        }
        let begin = Instant::now();
        poll_fn(|cx| idle_timeout.poll(cx)).await;
        assert_eq!(begin.elapsed(), LONGEST);
    }

    #[tokio::test(start_paused = true)]
    async fn an_endless_silence_is_none() {
        let mut idle_timeout = IdleTimeout::of("it", Duration::MAX);
        let waited = timeout(LONGEST, poll_fn(|cx| idle_timeout.poll(cx))).await;
        assert!(waited.is_err());
    }
}
