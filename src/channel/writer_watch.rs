use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use futures::task::AtomicWaker;

/// Notifies a reading end that the stage which writes its stream has ended.
///
/// The stage may have ended without closing its writer, or without opening it. A reading end that
/// then waits and receives nothing fails. A stage that is known to have closed its writer is
/// not recorded: the rest of its stream may take any time.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriterWatch(Arc<State>);

#[derive(Debug, Default)]
struct State {
    over: OnceLock<WriterEnded>,
    waker: AtomicWaker,
}

/// A stage that has ended, whatever happened to its writer.
#[derive(Clone, Debug)]
pub(crate) struct WriterEnded {
    /// Its name.
    pub(crate) stage: String,
    /// The reason if nothing has arrived from it.
    pub(crate) silence: NoOutput,
}

/// The reason why a stage that has ended wrote nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoOutput {
    /// Its writer was not closed.
    LeftOpen,
    /// It read its input and had nothing to write.
    Empty,
    /// It opened nothing, so the function is not a stage.
    NoStage,
}

impl WriterWatch {
    /// Records that the writing stage has ended.
    pub(crate) fn set_over(&self, over: WriterEnded) {
        self.0.over.get_or_init(|| over);
        self.0.waker.wake();
    }

    /// Returns the stage once it has ended.
    pub(crate) fn poll_over(&self, cx: &Context<'_>) -> Poll<&WriterEnded> {
        self.0.waker.register(cx.waker());
        match self.0.over.get() {
            Some(over) => Poll::Ready(over),
            None => Poll::Pending,
        }
    }
}
