use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use futures::task::AtomicWaker;

/// Tells a reading end that the stage that writes its stream has ended.
///
/// The stage may have ended while its writer stays open, or was never opened. A reading end that
/// then waits in vain gives up.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriterWatch(Arc<State>);

#[derive(Debug, Default)]
struct State {
    over: OnceLock<WriterOver>,
    waker: AtomicWaker,
}

/// A stage that has ended, whatever became of its writer.
#[derive(Clone, Debug)]
pub(crate) struct WriterOver {
    /// Its name.
    pub(crate) stage: String,
    /// What it means that nothing at all has come from it.
    pub(crate) silence: Silent,
}

/// What it means that a stage that has ended has written nothing at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silent {
    /// Its writer is open.
    LeftOpen,
    /// It has read its input and had nothing to write.
    Empty,
    /// It has opened nothing: it is no stage.
    NoStage,
}

impl WriterWatch {
    /// The stage that writes the stream has ended.
    pub(crate) fn set_over(&self, over: WriterOver) {
        self.0.over.get_or_init(|| over);
        self.0.waker.wake();
    }

    /// The stage, once it has ended.
    pub(crate) fn poll_over(&self, cx: &Context<'_>) -> Poll<&WriterOver> {
        self.0.waker.register(cx.waker());
        match self.0.over.get() {
            Some(over) => Poll::Ready(over),
            None => Poll::Pending,
        }
    }
}
