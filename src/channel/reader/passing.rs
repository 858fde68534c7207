use crate::channel::{Aside, Remark};
use crate::wire::{Progress, Text, Turn};

/// What is passed on beside the data by an end whose code does not ask for it.
#[derive(Default)]
pub(super) struct Passing {
    /// `None` where whoever takes the events passes them on.
    aside: Option<Aside>,
    /// Whether the code takes messages and progress itself. Turns are passed on all the same.
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

    /// Passes on the end of a turn; whether it did.
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
