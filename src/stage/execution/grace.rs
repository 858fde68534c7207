use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::transport::later;

/// How long the rest of a run may be without progress after a part of it has failed or ended.
///
/// Data that the failed part sent before its failure still arrives within this time. A part that
/// makes progress may take as long as it needs.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// A timer of [`GRACE`] that starts when first polled. Without a runtime it never fires.
#[derive(Debug, Default)]
pub(in crate::stage) struct Grace(Option<Pin<Box<Sleep>>>);

impl Grace {
    /// Completes when the time is over.
    pub(in crate::stage) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.is_none() && Handle::try_current().is_err() {
            return Poll::Pending;
        }
        let timer = self.0.get_or_insert_with(|| Box::pin(sleep(GRACE)));
        timer.as_mut().poll(cx)
    }

    /// Like [`poll`](Self::poll), but restarts with every call, so that it fires only if nothing
    /// else is polled.
    pub(in crate::stage) fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if let Some(timer) = &mut self.0 {
            timer.as_mut().reset(later(Instant::now(), GRACE));
        }
        self.poll(cx)
    }

    /// Like [`poll`](Self::poll), but completes immediately without a runtime.
    pub(in crate::stage) fn poll_or_skip(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match Handle::try_current() {
            Ok(_) => self.poll(cx),
            Err(_) => Poll::Ready(()),
        }
    }

    /// Restarts the timer after progress.
    pub(in crate::stage) fn restart(&mut self) {
        self.0 = None;
    }
}

/// Waits for the header of an input, which contains the metadata; `None` once the header is late. A
/// writer that has nothing to write must not delay code that may not need the header.
pub(in crate::stage) async fn soon<R>(header: impl Future<Output = R>) -> Option<R> {
    timeout(GRACE, header).await.ok()
}
