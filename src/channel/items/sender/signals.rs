//! Sends the framework's own events among the items.

use super::super::{Event, ReceiveError, Sender, Signal, SignalKind, Unreadable};
use super::sender::Target;
use crate::channel::QueuedMessage;
use crate::codec::Encode;
use crate::wire::{InBand, Progress, Turn};

impl<T: Send + 'static, F: Encode<T>> Sender<T, F> {
    /// Accepts a progress message. Must follow a `poll_ready` that returned ready.
    pub(crate) fn push_progress(&mut self, progress: Progress) {
        match self.target() {
            Target::New(_) => {}
            Target::Channel { encoder, .. } => encoder.push_in_band(&InBand::Progress(progress)),
            Target::Local { queue, .. } => queue.push(Event::Progress(Box::new(progress))),
        }
    }

    /// Accepts the end of a turn. Must follow a `poll_ready` that returned ready.
    pub(crate) fn push_turn(&mut self, turn: Turn) {
        match self.target() {
            Target::New(_) => {}
            Target::Channel { encoder, .. } => encoder.push_in_band(&InBand::Turn(turn)),
            Target::Local { queue, .. } => queue.push(QueuedMessage::Turn(turn).into()),
        }
    }

    /// Accepts an unreadable item. Only a receiver in this process can receive it.
    pub(crate) fn push_unreadable(
        &mut self,
        unreadable: Box<Unreadable>,
    ) -> Result<(), ReceiveError> {
        match self.target() {
            Target::New(_) | Target::Channel { .. } => Err(unreadable.error),
            Target::Local { queue, .. } => {
                queue.push(Event::Signal(Signal(SignalKind::Unreadable(unreadable))));
                Ok(())
            }
        }
    }
}
