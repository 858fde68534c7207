use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep};

use crate::transport::later;

/// How long whatever is left of a run may stand still once a part of it has failed or ended.
///
/// What the failed part gave before its failure is on its way by then, and arrives. A part that
/// moves on has as long as it needs.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// A timer of [`GRACE`] that begins when it is first polled. Without a runtime it never ends.
#[derive(Debug, Default)]
pub(super) struct Grace(Option<Pin<Box<Sleep>>>);

impl Grace {
    /// Ready when the time is over.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.is_none() && Handle::try_current().is_err() {
            return Poll::Pending;
        }
        let timer = self.0.get_or_insert_with(|| Box::pin(sleep(GRACE)));
        timer.as_mut().poll(cx)
    }

    /// As [`poll`](Self::poll); begins anew with every call, so that only what is not polled by
    /// anything else is out of time.
    pub(super) fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if let Some(timer) = &mut self.0 {
            timer.as_mut().reset(later(Instant::now(), GRACE));
        }
        self.poll(cx)
    }

    /// Something has moved: the time begins anew.
    pub(super) fn restart(&mut self) {
        self.0 = None;
    }
}
