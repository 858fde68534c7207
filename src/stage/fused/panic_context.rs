//! Attributes panics to stages that are fused into one stream.
//!
//! Catching panics at each stage would make each item a third slower, because the compiler cannot
//! optimise across the catch. Instead, a panic unwinds through all stages to the
//! [`CatchPanic`](super::super::CatchPanic) that polls them, and records its stage on the way.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::super::StageContext;
use super::super::items::ItemRun;
use crate::channel::QueuedMessage;

thread_local! {
    /// Recorded by the panic that is being caught on this thread. Taken where the panic is caught.
    static PANICKED: RefCell<Option<PanicContext>> = const { RefCell::new(None) };
}

/// A stage whose code panicked.
#[derive(Debug)]
pub(in crate::stage) struct PanicContext {
    pub(in crate::stage) stage: String,
    /// Number of the item that was being processed.
    pub(in crate::stage) item: Option<u64>,
    /// Messages that the code sent before the panic.
    pub(in crate::stage) queued_messages: VecDeque<QueuedMessage>,
}

impl Default for PanicContext {
    fn default() -> Self {
        Self {
            stage: "pipeline".to_owned(),
            item: None,
            queued_messages: VecDeque::new(),
        }
    }
}

impl PanicContext {
    /// Takes the record of the panic that was just caught. `None` if it did not occur in a stage.
    pub(in crate::stage) fn take() -> Option<Self> {
        PANICKED.take()
    }

    fn record(context: &StageContext, item: Option<u64>) {
        let mut queued_messages = VecDeque::new();
        while let Some(queued) = context.message_queue().pop() {
            queued_messages.push_back(queued);
        }
        PANICKED.set(Some(Self {
            stage: context.stage().to_owned(),
            item,
            queued_messages,
        }));
    }
}

/// Marks that the code of a stage is running. If dropped by a panic, it records the stage.
pub(in crate::stage) struct StageGuard<'r, S, P> {
    pub(in crate::stage) run: &'r mut ItemRun<S, P>,
}

impl<'r, S, P> StageGuard<'r, S, P> {
    /// The code of the stage of `run` starts to process the item with the number in `run`.
    #[inline]
    pub(in crate::stage) fn new(run: &'r mut ItemRun<S, P>) -> Self {
        Self { run }
    }

    /// The code has returned.
    #[inline]
    pub(in crate::stage) fn done(self) {
        std::mem::forget(self);
    }
}

/// An access to an output that runs the code of its type. If dropped by a panic, it records the
/// stage.
pub(in crate::stage) struct OutputGuard<'c> {
    pub(in crate::stage) context: &'c StageContext,
    pub(in crate::stage) item: u64,
}

impl OutputGuard<'_> {
    #[inline]
    pub(in crate::stage) fn done(self) {
        std::mem::forget(self);
    }
}

impl Drop for OutputGuard<'_> {
    #[cold]
    fn drop(&mut self) {
        PanicContext::record(self.context, Some(self.item));
    }
}

impl<S, P> Drop for StageGuard<'_, S, P> {
    #[cold]
    fn drop(&mut self) {
        PanicContext::record(&self.run.context, Some(self.run.number));
    }
}

/// Attributes a panic in `produce` to the stage of `context`, outside of any item.
#[inline]
pub(crate) fn with_panic_context<R>(context: &StageContext, produce: impl FnOnce() -> R) -> R {
    let beginning = SourceGuard(context);
    let produced = produce();
    std::mem::forget(beginning);
    produced
}

struct SourceGuard<'c>(&'c StageContext);

impl Drop for SourceGuard<'_> {
    #[cold]
    fn drop(&mut self) {
        PanicContext::record(self.0, None);
    }
}
