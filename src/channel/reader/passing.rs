use crate::channel::{Aside, Remark};
use crate::wire::{Progress, Text, Turn};

/// Forwards messages beside the data, at an end whose code does not request them.
#[derive(Default)]
pub(super) struct Passing {
    /// `None` if the caller that takes the events forwards them.
    aside: Option<Aside>,
    /// Whether user code handles messages and progress itself. Turns are always forwarded.
    keeps_messages: bool,
}

impl Passing {
    pub(super) fn to(aside: Aside) -> Self {
        Self {
            aside: Some(aside),
            keeps_messages: false,
        }
    }

    pub(super) fn keep_messages(&mut self) {
        self.keeps_messages = true;
    }

    pub(super) fn message(&self, text: &Text) {
        self.pass(|| Remark::Message(text.clone()));
    }

    pub(super) fn progress(&self, progress: &Progress) {
        self.pass(|| Remark::Progress(progress.clone()));
    }

    /// Forwards the end of a turn. Returns whether it did.
    pub(super) fn turn(&self, turn: Turn) -> bool {
        if let Some(aside) = &self.aside {
            aside.push(Remark::Turn(turn));
        }
        self.aside.is_some()
    }

    fn pass(&self, remark: impl FnOnce() -> Remark) {
        if let Some(aside) = self.aside.as_ref().filter(|_| !self.keeps_messages) {
            aside.push(remark());
        }
    }
}
