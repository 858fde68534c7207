//! Attributes panics to stages that are fused into one stream.
//!
//! Catching panics at each stage would cost each item a third of its time, because the compiler
//! cannot optimise across the catch. Instead, a panic unwinds through all stages to the one
//! [`Caught`](super::Caught) that polls them, and records its stage on the way.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::StageContext;
use super::items::ItemRun;
use crate::channel::Remark;

thread_local! {
    /// Recorded by the panic that is being caught on this thread. Taken where the panic is caught.
    static BLAMED: RefCell<Option<Blamed>> = const { RefCell::new(None) };
}

/// A stage whose code panicked.
#[derive(Debug)]
pub(super) struct Blamed {
    pub(super) stage: String,
    /// Number of the item that was being processed.
    pub(super) item: Option<u64>,
    /// Messages that the code sent before the panic.
    pub(super) remarks: VecDeque<Remark>,
}

impl Default for Blamed {
    fn default() -> Self {
        Self {
            stage: "pipeline".to_owned(),
            item: None,
            remarks: VecDeque::new(),
        }
    }
}

impl Blamed {
    /// Takes the record of the panic that was just caught. `None` if it did not occur in a stage.
    pub(super) fn take() -> Option<Self> {
        BLAMED.take()
    }

    fn leave_word(context: &StageContext, item: Option<u64>) {
        let mut remarks = VecDeque::new();
        while let Some(remark) = context.aside().pop() {
            remarks.push_back(remark);
        }
        BLAMED.set(Some(Self {
            stage: context.stage().to_owned(),
            item,
            remarks,
        }));
    }
}

/// Marks that the code of a stage is running. If dropped by a panic, it records the stage.
pub(super) struct Working<'r, S, P> {
    pub(super) run: &'r mut ItemRun<S, P>,
}

impl<'r, S, P> Working<'r, S, P> {
    /// The code of the stage of `run` starts to process the item with the number in `run`.
    #[inline]
    pub(super) fn new(run: &'r mut ItemRun<S, P>) -> Self {
        Self { run }
    }

    /// The code has returned.
    #[inline]
    pub(super) fn done(self) {
        std::mem::forget(self);
    }
}

/// An access to an output that runs the code of its type. If dropped by a panic, it records the
/// stage.
pub(super) struct Handing<'c> {
    pub(super) context: &'c StageContext,
    pub(super) item: u64,
}

impl Handing<'_> {
    #[inline]
    pub(super) fn done(self) {
        std::mem::forget(self);
    }
}

impl Drop for Handing<'_> {
    #[cold]
    fn drop(&mut self) {
        Blamed::leave_word(self.context, Some(self.item));
    }
}

impl<S, P> Drop for Working<'_, S, P> {
    #[cold]
    fn drop(&mut self) {
        Blamed::leave_word(&self.run.context, Some(self.run.number));
    }
}

/// Attributes a panic in `produce` to the source of the pipeline.
#[inline]
pub(crate) fn blaming<R>(context: &StageContext, produce: impl FnOnce() -> R) -> R {
    let beginning = Beginning(context);
    let produced = produce();
    std::mem::forget(beginning);
    produced
}

struct Beginning<'c>(&'c StageContext);

impl Drop for Beginning<'_> {
    #[cold]
    fn drop(&mut self) {
        Blamed::leave_word(self.0, None);
    }
}
