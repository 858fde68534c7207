use std::task::{Context, Poll, ready};

use tokio::task::coop::poll_proceed;

/// Polls one operation within tokio's cooperative budget, so that an end that is always ready does
/// not starve timers, cancellation and other tasks on its thread.
pub(crate) fn poll_coop<R>(
    cx: &mut Context<'_>,
    poll: impl FnOnce(&mut Context<'_>) -> Poll<R>,
) -> Poll<R> {
    let budget = ready!(poll_proceed(cx));
    let polled = poll(cx);
    if polled.is_ready() {
        budget.made_progress();
    }
    polled
}
