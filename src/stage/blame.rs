//! Whose panic it was, among stages that are fused into one stream.
//!
//! Catching at each stage would cost each item a third of its time, because the compiler does not
//! see through it. So a panic unwinds through all of them to the one [`Caught`](super::Caught)
//! that polls them, and leaves word on its way.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::StageContext;
use super::items::ItemRun;
use crate::channel::Remark;

thread_local! {
    /// What the panic that is being caught on this thread left. Taken where it is caught.
    static BLAMED: RefCell<Option<Blamed>> = const { RefCell::new(None) };
}

/// A stage whose code has panicked.
#[derive(Debug)]
pub(super) struct Blamed {
    pub(super) stage: String,
    /// Number of the item that it was at.
    pub(super) item: Option<u64>,
    /// What the code had said before; it stands before the failure.
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
    /// Whose panic it was that was just caught; `None` if it was not in the code of a stage.
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

/// Says while it lives that the code of a stage runs. Dropped by a panic, it blames the stage.
pub(super) struct Working<'r, S, P> {
    pub(super) run: &'r mut ItemRun<S, P>,
}

impl<'r, S, P> Working<'r, S, P> {
    /// The code of the stage of `run` is about to run, for the item that `run` has the number of.
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

/// A look at an output before it is handed on, which runs the code of its type. Dropped by a panic,
/// it blames the stage.
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

/// Blames the beginning of a pipeline for a panic in `produce`.
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
