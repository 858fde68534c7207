use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep};

use crate::channel::StreamStats;

/// Interval at which a reader checks whether the code still tries to write.
const CHECK: Duration = Duration::from_secs(1);

/// Delays the failure of a stream for code that reads ahead of its writes.
///
/// `tokio::io::copy` reads again while its write has to wait, and drops what it has read when that
/// read fails. Data before a failure must not depend on which of the two comes first:
///
/// * A read that fails directly after data is pending once. A write that waited for the budget of
///   the task then comes first.
/// * In a stage, reads do not fail while the stage waits to write its output. If it stops trying to
///   write, because that future was dropped, they fail after at most two checks.
#[derive(Default)]
pub(super) struct ErrorDelay {
    /// Whether data was returned and no failure was held back since.
    after_data: bool,
    /// The writing end of the same stage.
    writer: Option<Arc<StreamStats>>,
    check: Check,
}

#[derive(Default)]
enum Check {
    #[default]
    Off,
    /// The timer runs. The number counts the attempts to write before it was started.
    Waiting(u64, Pin<Box<Sleep>>),
    /// The code was woken. It writes before its next read, if it still wants to.
    Woken(u64),
}

impl ErrorDelay {
    /// Also waits for the end that `writer` counts.
    pub(super) fn wait_for(&mut self, writer: Arc<StreamStats>) {
        self.writer = Some(writer);
    }

    /// Records that data was returned.
    pub(super) fn returned_data(&mut self) {
        self.after_data = true;
    }

    /// Ready when the failure may be returned.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::take(&mut self.after_data) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(writer) = &self.writer else {
            return Poll::Ready(());
        };
        let Some(attempts) = writer.poll_waiting(cx) else {
            self.check = Check::Off;
            return Poll::Ready(());
        };
        // Without a runtime, nothing wakes code that has given up its write.
        if Handle::try_current().is_err() {
            return Poll::Ready(());
        }
        loop {
            match &mut self.check {
                Check::Waiting(before, timer) if *before == attempts => {
                    ready!(timer.as_mut().poll(cx));
                    self.check = Check::Woken(attempts);
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Check::Woken(before) if *before == attempts => return Poll::Ready(()),
                check => *check = Check::Waiting(attempts, Box::pin(sleep(CHECK))),
            }
        }
    }
}
