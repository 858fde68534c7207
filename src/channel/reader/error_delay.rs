use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Sleep, sleep};

use crate::channel::StreamStats;

/// Interval at which a reader checks whether the code still tries to write.
const CHECK: Duration = Duration::from_secs(1);

/// Delays the error of a stream for code that reads ahead of its writes.
///
/// While its write has to wait, `tokio::io::copy` reads again. If that read fails, it drops the
/// data that it has already read. Data before an error would then be lost or not, depending on
/// timing. Therefore:
///
/// * If a read would fail directly after a read that returned data, it first returns `Pending`
///   once. A write that had to wait for the task's budget can then run first.
/// * In a stage, reads do not fail while the stage waits to write its output. If the stage stops
///   trying to write, because that future was dropped, reads fail after at most two checks.
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
    /// The timer is running. The number is the count of write attempts when it was started.
    Waiting(u64, Pin<Box<Sleep>>),
    /// The code was woken. If it still has data to write, it writes before its next read.
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
