use crate::channel::{MessageQueue, QueuedMessage};
use crate::wire::{Progress, Text, Turn};

/// Forwards messages and progress at an end whose code does not handle them.
#[derive(Default)]
pub(super) struct PassThrough {
    /// `None` if the caller that takes the events forwards them.
    message_queue: Option<MessageQueue>,
    /// Whether user code handles messages and progress itself. Turns are always forwarded.
    keeps_messages: bool,
}

impl PassThrough {
    pub(super) fn to(message_queue: MessageQueue) -> Self {
        Self {
            message_queue: Some(message_queue),
            keeps_messages: false,
        }
    }

    pub(super) fn keep_messages(&mut self) {
        self.keeps_messages = true;
    }

    pub(super) fn message(&self, text: &Text) {
        self.pass(|| QueuedMessage::Message(text.clone()));
    }

    pub(super) fn progress(&self, progress: &Progress) {
        self.pass(|| QueuedMessage::Progress(progress.clone()));
    }

    /// Forwards the end of a turn. Returns whether it did.
    pub(super) fn turn(&self, turn: Turn) -> bool {
        if let Some(message_queue) = &self.message_queue {
            message_queue.push(QueuedMessage::Turn(turn));
        }
        self.message_queue.is_some()
    }

    fn pass(&self, queued: impl FnOnce() -> QueuedMessage) {
        if let Some(message_queue) = self.message_queue.as_ref().filter(|_| !self.keeps_messages) {
            message_queue.push(queued());
        }
    }
}
